import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import NIOFoundationCompat

/// JSON in and out of the API.
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

    /// Reads a request's body as a JSON object.
    ///
    /// - Throws: ``APIError/payloadTooLarge(_:)``, or ``APIError/invalid(_:)`` for anything but an object.
    static func object(_ request: Request) async throws -> [String: JSONValue] {
        var body = ByteBuffer()
        for try await chunk in request.body {
            guard body.readableBytes + chunk.readableBytes <= Self.maximumLength else {
                throw APIError.payloadTooLarge(Int64(Self.maximumLength))
            }
            body.writeImmutableBuffer(chunk)
        }
        let value: JSONValue
        do {
            value = try JSONDecoder().decode(JSONValue.self, from: body)
        } catch {
            throw APIError.invalid("body", "must be JSON; it is not")
        }
        guard case .object(let object) = value else {
            throw APIError.invalid("body", "must be a JSON object; it is \(value.kind)")
        }
        return object
    }
}
