import CloakroomDomain
import Synchronization

/// Sealed blobs that are kept open, so that reading one again takes no `openat`, `fstat` and `close`.
///
/// It never answers for a blob that has lost its name: whoever removes a name calls ``forget(_:)`` afterwards, which
/// drops the blob and invalidates every ``Ticket`` drawn before, so that an opening that raced the removal is not kept.
///
/// Two generations stand in for an order of use: blobs that are found are put into the younger one, too; when that is full, the
/// older one is closed and the younger takes its place.
final class OpenBlobCache: Sendable {
    /// What a miss gives: the right to add the blob, unless a name was removed since.
    struct Ticket {
        fileprivate let removals: UInt64
    }

    /// What a look-up found.
    enum Outcome {
        case hit(OpenBlob)
        case miss(Ticket)
    }

    private struct State {
        var young: [FileID: OpenBlob] = [:]
        var old: [FileID: OpenBlob] = [:]
        var removals: UInt64 = 0
    }

    private final class Shard: Sendable {
        let state = Mutex(State())
    }

    private static let shardCount = 16
    private let shards: [Shard]
    private let generationLimit: Int

    /// - Parameter capacity: The most blobs that are kept open.
    init(capacity: Int) {
        self.generationLimit = max(1, capacity / Self.shardCount / 2)
        self.shards = (0..<Self.shardCount).map { _ in Shard() }
    }

    private func shard(of id: FileID) -> Shard { self.shards[Int(id.shard) % Self.shardCount] }

    func find(_ id: FileID) -> Outcome {
        self.shard(of: id).state.withLock { state in
            if let blob = state.young[id] { return .hit(blob) }
            guard let blob = state.old[id] else { return .miss(Ticket(removals: state.removals)) }
            // Found in the older generation: it is to outlive that.
            if state.young.count < self.generationLimit { state.young[id] = blob }
            return .hit(blob)
        }
    }

    /// Keeps a blob that was opened after a miss.
    func keep(_ blob: OpenBlob, _ id: FileID, _ ticket: Ticket) {
        var dropped: [FileID: OpenBlob] = [:]
        self.shard(of: id).state.withLock { state in
            guard state.removals == ticket.removals else { return }
            if state.young.count >= self.generationLimit {
                dropped = state.old
                state.old = state.young
                state.young = [:]
            }
            state.young[id] = blob
        }
        withExtendedLifetime(dropped) {}
    }

    /// Drops a blob that has just lost its name.
    func forget(_ id: FileID) {
        // Closing a file without a name frees its blocks, which can take long: not under the lock.
        withExtendedLifetime(
            self.shard(of: id).state.withLock { state in
                state.removals += 1
                return (state.young.removeValue(forKey: id), state.old.removeValue(forKey: id))
            }
        ) {}
    }

    /// Drops every blob, to free descriptors.
    func removeAll() {
        for shard in self.shards {
            shard.state.withLock { state in
                state.young = [:]
                state.old = [:]
            }
        }
    }
}
