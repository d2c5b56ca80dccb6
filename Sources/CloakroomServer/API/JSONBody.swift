import CloakroomDomain
import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1

/// JSON in and out of the API.
enum JSONBody {
    /// The most bytes of a request's JSON.
    static let maximumLength = 1_048_576

    /// Returns a response with a JSON body.
    static func response(_ value: JSONOutput, status: HTTPResponse.Status = .ok) -> Response {
        var body = ByteBuffer()
        value.write(into: &body)
        return Response(
            status: status, headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: body))
    }

    /// Reads a request's body as a JSON object; throws for anything else, and for one that is encoded or too large.
    static func object(_ request: Request) async throws(APIError) -> RequestDocument {
        try Self.parse(try await Self.collect(request))
    }

    /// Reads a request's body as a JSON object, `nil` where there is no body.
    static func objectIfAny(_ request: Request) async throws(APIError) -> RequestDocument? {
        let body = try await Self.collect(request)
        return body.isEmpty ? nil : try Self.parse(body)
    }

    private static func parse(_ body: [UInt8]) throws(APIError) -> RequestDocument {
        do throws(RequestDocument.Failure) {
            return try RequestDocument(body)
        } catch {
            throw APIError(error)
        }
    }

    private static func collect(_ request: Request) async throws(APIError) -> [UInt8] {
        try ContentCoding.requireIdentity(request)
        var collected: [UInt8] = []
        var iterator = request.body.makeAsyncIterator()
        while let chunk = try await Self.next(&iterator) {
            guard collected.count + chunk.readableBytes <= Self.maximumLength else {
                throw .payloadTooLarge(Int64(Self.maximumLength))
            }
            collected += chunk.readableBytesView
        }
        return collected
    }

    /// Returns the next part of a body, `nil` at its end; one that breaks off is the client's failure, which it cannot
    /// hear any more.
    static func next(_ iterator: inout RequestBody.AsyncIterator) async throws(APIError) -> ByteBuffer? {
        do {
            return try await iterator.next()
        } catch is HTTPParserError {
            throw .invalid("body", "must be in valid chunks (RFC 9112 §7.1)")
        } catch {
            throw .invalid("body", "ended before its announced length")
        }
    }
}
