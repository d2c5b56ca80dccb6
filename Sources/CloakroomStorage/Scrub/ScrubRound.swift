import CloakroomDomain

/// How far a scrub has come, as the catalogue keeps it: a restart goes on from there.
struct ScrubRound: Hashable, Sendable {
    /// When the round began.
    var startedAt: Timestamp
    /// The last file that was examined; `nil` before the first.
    var cursor: FileID?
    /// How many shards were looked through for blobs of no file, after the files.
    var shards = 0
    /// When a round was complete last; `nil` before the first.
    var completedAt: Timestamp?

    /// Whether everything has been looked at.
    var isComplete: Bool { self.shards == BlobStore.shardCount }
}
