public import CloakroomDomain

/// The progress of an upload or a download.
public struct TransferProgress: Hashable, Sendable {
    /// The bytes transferred so far; an upload starts again at zero after a failed attempt.
    public let transferred: ByteCount
    /// All bytes of the file.
    public let total: ByteCount
}

/// Receives the progress of a transfer, about once for each 256 KiB.
public typealias ProgressHandler = @Sendable (TransferProgress) -> Void
