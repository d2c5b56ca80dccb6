public import CloakroomDomain

/// Why the storage could not do what was asked; ignorant of HTTP.
public enum StorageError: Error, Hashable, Sendable {
    /// There is no such file, or not for the one who asks: the two cannot be told apart.
    case notFound
    /// The file has been sealed with other bytes.
    case alreadySealed
    /// The body's length is not the declared one, in bytes.
    case wrongLength(expected: Int64, received: Int64)
    /// The bytes have another digest than was announced.
    case badDigest(BadDigest)
    /// The organization's quota has no room for the file.
    case quotaExceeded(Quota.Excess)
    /// The idempotency key came with another request before.
    case idempotencyKeyReused
    /// The URL has been revoked.
    case urlRevoked
    /// The disk is full.
    case full
    /// Writes are refused since a flush failed; reads go on.
    case writesRefused(String)
    /// The operating system or SQLite failed; the text is for the log, never for a client.
    case failed(String)

    /// A digest that differs.
    public struct BadDigest: Hashable, Sendable {
        /// The request field that announced it, or `sha256` for the declared one.
        public let field: String
        /// As announced, in the field's encoding.
        public let expected: String
        /// Of the bytes that arrived, in the same encoding.
        public let received: String
    }
}
