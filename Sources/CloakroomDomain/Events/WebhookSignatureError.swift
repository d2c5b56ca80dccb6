/// Why a delivery is not what it claims to be.
public enum WebhookSignatureError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A header field of a delivery.
    public enum Field: String, Hashable, Sendable, CaseIterable, CustomStringConvertible {
        /// The id of the event.
        case id = "webhook-id"
        /// The time of the attempt.
        case timestamp = "webhook-timestamp"
        /// The signatures.
        case signature = "webhook-signature"

        /// Its name, in lower case.
        public var description: String { self.rawValue }
    }

    /// A header field was not sent, or has no value.
    case missing(Field)
    /// A header field is not as the standard has it.
    case malformed(Field)
    /// The attempt was made longer ago than the tolerance: somebody may be replaying it.
    case tooOld
    /// The attempt is further in the future than the tolerance: a clock is wrong.
    case tooNew
    /// No signature of version `v1` was made with one of the secrets over this body.
    case noMatchingSignature

    /// The reason in words.
    public var description: String {
        switch self {
        case .missing(let field): "The header field \(field) is missing."
        case .malformed(let field): "The header field \(field) is malformed."
        case .tooOld: "The webhook-timestamp is too old."
        case .tooNew: "The webhook-timestamp is too far in the future."
        case .noMatchingSignature: "No signature in webhook-signature matches."
        }
    }
}
