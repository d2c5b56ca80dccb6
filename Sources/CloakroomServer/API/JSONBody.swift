import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import NIOFoundationCompat
import NIOHTTP1

/// JSON in and out of the API.
enum JSONBody {
    /// The most bytes of a request's JSON.
    static let maximumLength = 1_048_576
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

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
    /// - Parameters:
    ///   - type: What the object is read as; members that it does not name are not decoded.
    ///   - request: The request.
    /// - Returns: The object.
    /// - Throws: ``APIError/payloadTooLarge(_:)``, or ``APIError/invalid(_:)`` for anything but an object.
    static func object<Object: Decodable>(
        _ type: Object.Type, _ request: Request
    ) async throws(APIError) -> Object {
        try Self.decode(type, try await Self.collect(request))
    }

    /// Reads a request's body as a JSON object, `nil` where there is no body.
    ///
    /// - Parameters:
    ///   - type: What the object is read as; members that it does not name are not decoded.
    ///   - request: The request.
    /// - Returns: The object.
    /// - Throws: As ``object(_:_:)``.
    static func objectIfAny<Object: Decodable>(
        _ type: Object.Type, _ request: Request
    ) async throws(APIError) -> Object? {
        let body = try await Self.collect(request)
        return body.readableBytes == 0 ? nil : try Self.decode(type, body)
    }

    private static func decode<Object: Decodable>(
        _ type: Object.Type, _ body: ByteBuffer
    ) throws(APIError) -> Object {
        do {
            return try JSONDecoder().decode(Object.self, from: body)
        } catch DecodingError.typeMismatch {
            throw .invalid("body", "must be a JSON object; it is another value")
        } catch DecodingError.valueNotFound {
            throw .invalid("body", "must be a JSON object; it is null")
        } catch {
            throw .invalid("body", "must be valid JSON")
        }
    }

    /// Reads a request's body, which is JSON.
    ///
    /// - Parameter request: The request.
    /// - Returns: The bytes, without a byte order mark before them (RFC 8259 §8.1).
    /// - Throws: ``APIError/payloadTooLarge(_:)``, ``APIError/contentEncoded(_:)``.
    static func collect(_ request: Request) async throws(APIError) -> ByteBuffer {
        try ContentCoding.requireIdentity(request)
        var collected = ByteBuffer()
        var iterator = request.body.makeAsyncIterator()
        while let chunk = try await Self.next(&iterator) {
            guard collected.readableBytes + chunk.readableBytes <= Self.maximumLength else {
                throw .payloadTooLarge(Int64(Self.maximumLength))
            }
            collected.writeImmutableBuffer(chunk)
        }
        if collected.readableBytesView.starts(with: Self.byteOrderMark) {
            collected.moveReaderIndex(forwardBy: Self.byteOrderMark.count)
        }
        return collected
    }

    /// Returns the next part of a body; one that breaks off is the client's failure, which it cannot hear any more.
    ///
    /// - Parameter iterator: Of the body.
    /// - Returns: The part, or `nil` at the end.
    /// - Throws: ``APIError/invalid(_:)``.
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
