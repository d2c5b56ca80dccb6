public import CloakroomDomain

/// How far a transfer has come.
public struct TransferProgress: Hashable, Sendable {
    /// Bytes that are through; after a failed attempt an upload begins anew.
    public let transferred: ByteCount
    /// All there are.
    public let total: ByteCount
}

/// Told of a transfer's progress, about once for each quarter of a mebibyte.
public typealias ProgressHandler = @Sendable (TransferProgress) -> Void
