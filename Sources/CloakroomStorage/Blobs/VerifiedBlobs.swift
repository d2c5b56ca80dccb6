import CloakroomDomain
import Synchronization

/// Which blobs were read whole and found right since the start, in bounded memory.
///
/// Two generations stand in for an order of use; what was forgotten is verified again.
final class VerifiedBlobs: Sendable {
    private struct State {
        var young: Set<FileID> = []
        var old: Set<FileID> = []
    }

    private let state = Mutex(State())
    private let generationLimit: Int

    /// - Parameter capacity: The most blobs that are remembered.
    init(capacity: Int) {
        self.generationLimit = max(1, capacity / 2)
    }

    func contains(_ id: FileID) -> Bool {
        self.state.withLock { $0.young.contains(id) || $0.old.contains(id) }
    }

    func insert(_ id: FileID) {
        let dropped = self.state.withLock { state -> Set<FileID> in
            state.young.insert(id)
            guard state.young.count >= self.generationLimit else { return [] }
            defer { (state.old, state.young) = (state.young, []) }
            return state.old
        }
        // Freed without the lock.
        withExtendedLifetime(dropped) {}
    }

    func remove(_ id: FileID) {
        self.state.withLock { state in
            state.young.remove(id)
            state.old.remove(id)
        }
    }
}
