import CloakroomDomain
import Hummingbird
import HummingbirdCore

/// A right, and the place among the requests of its API key that the request has for as long as it is under way.
struct Admitted<Right: Sendable>: Sendable {
    let right: Right
    /// `nil` where requests of the key are not limited.
    let place: ConcurrencyLimiter<APIKeyID>.Place?

    /// Answers a request by the right, and gives its place back in time.
    ///
    /// A document's place is free before the document is sent, so a client that waits for each answer before it asks
    /// again needs one place. The bytes of a file keep theirs until the last of them has been queued to be sent, the client
    /// has gone, or it has stopped reading.
    ///
    /// - Parameters:
    ///   - content: What the operation answers with.
    ///   - context: Of the request; its connection releases the place of a client that stops reading.
    ///   - operation: Makes the answer.
    /// - Returns: The answer.
    /// - Throws: What the operation throws.
    func answer(
        _ content: Route.Content, _ context: APIContext, _ operation: (Right) async throws -> Response
    ) async throws -> Response {
        guard let place else { return try await operation(self.right) }
        do {
            let response = try await operation(self.right)
            if content == .bytes, response.body.contentLength != 0 {
                context.hold(place)
                return Self.holding(place, response)
            }
            place.release()
            return response
        } catch {
            place.release()
            throw error
        }
    }

    /// Returns an answer that holds a place until its body has been written; one that is never written lets go of it.
    private static func holding(_ place: ConcurrencyLimiter<APIKeyID>.Place, _ response: Response) -> Response {
        var response = response
        let body = response.body
        response.body = ResponseBody(contentLength: body.contentLength) { writer in
            defer { place.release() }
            try await body.write(writer)
        }
        return response
    }
}
