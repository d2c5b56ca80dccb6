import CloakroomDomain
import Hummingbird
import HummingbirdCore

/// A right, and the permit among the requests of its API key that the request has for as long as it is under way.
struct Admitted<Right: Sendable>: Sendable {
    let right: Right
    /// `nil` where requests of the key are not limited.
    let permit: ConcurrencyLimiter<APIKeyID>.Permit?

    /// Answers a request by the right, and releases its permit in time.
    func respond(
        _ content: Route.Content, _ context: APIContext, _ operation: (Right) async throws -> Response
    ) async throws -> Response {
        // A document's permit is free before the document is sent, so a client that waits for each response before it
        // asks again needs one permit. The bytes of a file keep theirs until the last of them has been queued to be
        // sent, the client has gone, or it has stopped reading.
        guard let permit else { return try await operation(self.right) }
        do {
            let response = try await operation(self.right)
            if content == .bytes, response.body.contentLength != 0 {
                context.hold(permit)
                return Self.holding(permit, response)
            }
            permit.release()
            return response
        } catch {
            permit.release()
            throw error
        }
    }

    /// Returns a response that holds a permit until its body has been written; one that is never written lets go of it.
    private static func holding(_ permit: ConcurrencyLimiter<APIKeyID>.Permit, _ response: Response) -> Response {
        var response = response
        let body = response.body
        response.body = ResponseBody(contentLength: body.contentLength) { writer in
            defer { permit.release() }
            try await body.write(writer)
        }
        return response
    }
}
