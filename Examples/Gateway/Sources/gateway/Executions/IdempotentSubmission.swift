import CloakroomCrypto
import CloakroomDomain

/// A submission that may be sent again: the same key must come with the same body.
struct IdempotentSubmission: Hashable, Sendable {
    let key: IdempotencyKey
    /// The SHA-256 of the body.
    let fingerprint: SHA256Digest
}
