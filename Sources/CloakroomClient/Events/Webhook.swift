public import CloakroomDomain
import NIOCore

/// Webhooks as their receiver sees them.
public enum Webhook {
    /// Why a delivery was not accepted.
    public enum Failure: Error, Hashable, Sendable, CustomStringConvertible {
        /// It was not signed by the service, or long ago; a receiver answers 400 or 401.
        case signature(WebhookSignatureError)
        /// It was signed, and its body is not an event.
        case body(String)

        /// The reason in words.
        public var description: String {
            switch self {
            case .signature(let error): error.description
            case .body(let reason): "The body is invalid: \(reason)"
            }
        }
    }

    /// Verifies a delivery, and returns its event.
    ///
    /// A delivery comes again if it was not answered with 2xx: remember the event's ``FileEvent/id``.
    ///
    /// - Parameters:
    ///   - headers: The header fields of the request, for example NIO's `HTTPHeaders`; their case does not matter.
    ///   - body: The bytes as received; JSON that was decoded and encoded again has another signature.
    ///   - secret: The secret of the endpoint.
    ///   - now: The time of the receiver, by default that of the system.
    /// - Returns: The event.
    /// - Throws: ``Failure``.
    public static func verify(
        headers: some Sequence<(name: String, value: String)>, body: [UInt8], secret: WebhookSecret,
        now: Timestamp = SystemClock().now
    ) throws(Failure) -> FileEvent {
        try self.verify(headers: headers, body: body, secrets: [secret], now: now)
    }

    /// Verifies a delivery while the secret is rotated, and returns its event.
    ///
    /// - Parameters:
    ///   - headers: The header fields of the request, for example NIO's `HTTPHeaders`; their case does not matter.
    ///   - body: The bytes as received; JSON that was decoded and encoded again has another signature.
    ///   - secrets: The secrets of the endpoint, the new and the old one.
    ///   - now: The time of the receiver, by default that of the system.
    /// - Returns: The event.
    /// - Throws: ``Failure``.
    public static func verify(
        headers: some Sequence<(name: String, value: String)>, body: [UInt8], secrets: [WebhookSecret],
        now: Timestamp = SystemClock().now
    ) throws(Failure) -> FileEvent {
        do throws(WebhookSignatureError) {
            try WebhookSignature.verify(
                try WebhookHeaders(Array(headers)), body: body, secrets: secrets, now: now)
        } catch {
            throw .signature(error)
        }
        do throws(CloakroomError) {
            return try CloakroomClient.decode(FileEventDocument.self, ByteBuffer(bytes: body)).event()
        } catch {
            guard case .invalidResponse(let reason) = error else { throw .body(error.description) }
            throw .body(reason)
        }
    }
}
