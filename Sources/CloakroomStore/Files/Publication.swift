package import CloakroomCrypto

/// A file whose bytes and row are durable.
package struct Publication: Hashable, Sendable {
    /// The digest of the bytes.
    package let sha256: SHA256Digest
    /// Whether the upload repeated one that had been published before.
    package let isRepetition: Bool

    package init(sha256: SHA256Digest, isRepetition: Bool) {
        self.sha256 = sha256
        self.isRepetition = isRepetition
    }
}
