import CloakroomCrypto

/// Symmetric signatures of webhook deliveries: HMAC-SHA-256 over `{id}.{timestamp}.{body}`
/// (Standard Webhooks 1.0.0, "Signature scheme").
public enum WebhookSignature {
    /// How far the clocks of sender and receiver may differ: five minutes, as in the standard's reference libraries.
    public static let defaultTolerance = Duration.seconds(300)

    /// The identifier of symmetric signatures.
    static let version = "v1"

    /// Returns the value of `webhook-signature`: `v1,<Base64>` for each secret, separated by spaces.
    ///
    /// - Parameters:
    ///   - id: The value of `webhook-id`, the same for each attempt: printable ASCII without a space or a full stop.
    ///   - timestamp: When the attempt is made, the value of `webhook-timestamp` in seconds since 1970-01-01T00:00:00Z.
    ///   - body: The bytes that are sent.
    ///   - secrets: The secrets that are valid, the newest first: one, or two during a rotation.
    /// - Returns: The value; empty, which no receiver accepts, if there is no secret.
    public static func sign(
        id: String, timestamp: Timestamp, body: [UInt8], secrets: [WebhookSecret]
    ) -> String {
        let content = Self.content(id: id, timestamp: timestamp, body: body)
        return secrets.map { secret in
            "\(Self.version),\(Base64.encode(secret.authenticator.authenticationCode(for: content).bytes))"
        }.joined(separator: " ")
    }

    /// Verifies that a delivery was signed with one of the secrets, and not long ago.
    ///
    /// Every signature is compared with every secret, in a time that does not depend on where they differ.
    ///
    /// - Parameters:
    ///   - headers: The header fields of the delivery.
    ///   - body: The bytes as received; JSON that was decoded and encoded again has another signature.
    ///   - secrets: The secrets that are valid: one, or two during a rotation.
    ///   - now: The time of the receiver.
    ///   - tolerance: How far the time of the attempt may be from `now`, before or after it; whole seconds.
    /// - Throws: ``WebhookSignatureError``.
    public static func verify(
        _ headers: WebhookHeaders, body: [UInt8], secrets: [WebhookSecret], now: Timestamp,
        tolerance: Duration = Self.defaultTolerance
    ) throws(WebhookSignatureError) {
        let seconds = tolerance.components.seconds
        guard headers.timestamp >= now.advanced(bySeconds: -seconds) else { throw .tooOld }
        guard headers.timestamp <= now.advanced(bySeconds: seconds) else { throw .tooNew }
        let content = Self.content(id: headers.id, timestamp: headers.timestamp, body: body)
        var matches = false
        for secret in secrets {
            let expected = secret.authenticator.authenticationCode(for: content)
            for signature in headers.signatures {
                let isEqual = expected.isEqualInConstantTime(to: signature)
                matches = matches || isEqual
            }
        }
        guard matches else { throw .noMatchingSignature }
    }

    private static func content(id: String, timestamp: Timestamp, body: [UInt8]) -> [UInt8] {
        Array("\(id).\(timestamp.secondsSinceEpoch).".utf8) + body
    }
}
