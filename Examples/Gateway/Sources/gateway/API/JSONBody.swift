import HTTPTypes
import Hummingbird
import NIOCore

/// JSON in and out of the gateway.
enum JSONBody {
    /// The most bytes of a request's JSON.
    static let maximumLength = 1_048_576

    /// Returns an answer with a JSON body.
    static func response(_ value: JSONOutput, status: HTTPResponse.Status = .ok) -> Response {
        var body = ByteBuffer()
        value.write(into: &body)
        return Response(
            status: status, headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: body))
    }

    /// Reads a request's body.
    ///
    /// - Parameter body: The body.
    /// - Returns: The bytes.
    /// - Throws: ``GatewayError/payloadTooLarge(_:)``; ``GatewayError/invalid(_:)`` where it breaks off.
    static func collect(_ body: RequestBody) async throws(GatewayError) -> [UInt8] {
        var collected: [UInt8] = []
        var iterator = body.makeAsyncIterator()
        while let chunk = try await Self.next(&iterator) {
            guard collected.count + chunk.readableBytes <= Self.maximumLength else {
                throw .payloadTooLarge(Int64(Self.maximumLength))
            }
            collected += chunk.readableBytesView
        }
        return collected
    }

    private static func next(_ iterator: inout RequestBody.AsyncIterator) async throws(GatewayError) -> ByteBuffer? {
        do {
            return try await iterator.next()
        } catch {
            throw .invalid("body", "ended before its length")
        }
    }
}
