public import CloakroomDomain

/// Why the storage could not do what was asked; ignorant of HTTP.
public enum StorageError: Error, Hashable, Sendable, CustomStringConvertible {
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
    /// Writes are rejected since a flush failed or the database was found damaged; reads go on.
    case writesRejected(String)
    /// Whoever asked wants the outcome no more.
    case cancelled
    /// The bytes are not those that were sealed.
    case damaged(ReadDamage)
    /// The operating system or SQLite failed; the text is for the log, never for a client.
    case failed(String)

    /// What is wrong, for the log and for commands.
    public var description: String {
        switch self {
        case .notFound: "the file does not exist"
        case .alreadySealed: "the file has already been uploaded with different bytes"
        case .wrongLength(let expected, let received): "the body has \(received) bytes instead of \(expected)"
        case .badDigest(let digest):
            "the digest of the body does not match \(digest.field): expected \(digest.expected), received \(digest.received)"
        case .quotaExceeded(let excess):
            "the quota of \(excess.limit) \(excess.resource) is exceeded: \(excess.used) used, \(excess.requested) requested"
        case .idempotencyKeyReused: "the idempotency key was already used for a different request"
        case .urlRevoked: "the URL has been revoked"
        case .full: "the disk is full"
        case .writesRejected(let reason): "writes are refused: \(reason)"
        case .cancelled: "the request was cancelled"
        case .damaged(let damage): "the bytes of the file are damaged: \(damage)"
        case .failed(let reason): reason
        }
    }

    /// What a reader found to be wrong.
    public enum ReadDamage: Hashable, Sendable, CustomStringConvertible {
        /// Their digest is another.
        case digest
        /// There are fewer or more, in bytes.
        case length(expected: Int64, found: Int64)

        /// What is wrong, for the log.
        public var description: String {
            switch self {
            case .digest: "sha256 differs"
            case .length(let expected, let found): "length \(found) instead of \(expected)"
            }
        }
    }

    /// A digest that differs.
    public struct BadDigest: Hashable, Sendable {
        /// The request field that announced it, or `sha256` for the declared one.
        public let field: String
        /// As announced, in the field's encoding.
        public let expected: String
        /// Of the bytes that arrived, in the same encoding.
        public let received: String

        package init(field: String, expected: String, received: String) {
            self.field = field
            self.expected = expected
            self.received = received
        }
    }
}
