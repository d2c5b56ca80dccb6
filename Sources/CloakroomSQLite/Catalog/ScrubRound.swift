package import CloakroomDomain

/// How far a scrub has come, as the catalogue keeps it: a restart goes on from there.
package struct ScrubRound: Hashable, Sendable {
    /// When the round began.
    package var startedAt: Timestamp
    /// The last file that was examined; `nil` before the first.
    package var cursor: FileID?
    /// How many shards were looked through for blobs of no file, after the files.
    package var shards = 0
    /// When a round was complete last; `nil` before the first.
    package var completedAt: Timestamp?

    package init(
        startedAt: Timestamp, cursor: FileID? = nil, shards: Int = 0, completedAt: Timestamp? = nil
    ) {
        self.startedAt = startedAt
        self.cursor = cursor
        self.shards = shards
        self.completedAt = completedAt
    }

    /// Whether everything has been looked at.
    private static let shardCount = 256
    package var isComplete: Bool { self.shards == Self.shardCount }
}
