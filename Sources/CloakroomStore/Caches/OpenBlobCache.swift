package import CloakroomDomain
import Synchronization

/// Sealed blobs that are kept open, so that reading one again takes no `openat`, `fstat` and `close`.
///
/// It never answers for a blob that has lost its name: whoever removes a name calls ``forget(_:)`` afterwards, which
/// drops the blob and invalidates every ``Ticket`` drawn before, so that an opening that raced the removal is not kept.
package final class OpenBlobCache: Sendable {
    /// What a miss gives: the right to add the blob, unless a name was removed since.
    struct Ticket {
        fileprivate let removals: UInt64
    }

    /// What a look-up found.
    enum Outcome {
        case hit(any OpenBlob)
        case miss(Ticket)
    }

    private struct State {
        var blobs: GenerationalCache<FileID, any OpenBlob>
        var removals: UInt64 = 0
    }

    private final class Shard: Sendable {
        let state: Mutex<State>

        init(capacity: Int) {
            self.state = Mutex(State(blobs: GenerationalCache(capacity: capacity)))
        }
    }

    private static let shardCount = 16
    private let shards: [Shard]

    package init(capacity: Int) {
        self.shards = (0..<Self.shardCount).map { _ in Shard(capacity: capacity / Self.shardCount) }
    }

    private func shard(of id: FileID) -> Shard { self.shards[Int(id.shard) % Self.shardCount] }

    func find(_ id: FileID) -> Outcome {
        self.shard(of: id).state.withLock { state in
            state.blobs.find(id).map { .hit($0) } ?? .miss(Ticket(removals: state.removals))
        }
    }

    /// Keeps a blob that was opened after a miss.
    func keep(_ blob: any OpenBlob, _ id: FileID, _ ticket: Ticket) {
        let dropped = self.shard(of: id).state.withLock { state in
            state.removals == ticket.removals ? state.blobs.insert(blob, for: id) : [:]
        }
        withExtendedLifetime(dropped) {}
    }

    /// Drops a blob that has just lost its name.
    package func forget(_ id: FileID) {
        // Closing a file without a name frees its blocks, which can take long: not under the lock.
        withExtendedLifetime(
            self.shard(of: id).state.withLock { state in
                state.removals += 1
                return state.blobs.remove(id)
            }
        ) {}
    }

    /// Drops every blob, to free descriptors.
    package func removeAll() {
        for shard in self.shards {
            withExtendedLifetime(shard.state.withLock { $0.blobs.removeAll() }) {}
        }
    }
}
