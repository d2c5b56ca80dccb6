import CloakroomDomain
import Synchronization

/// Rows of ready files that were looked up lately: a gateway resolves the same files again and again.
///
/// A ready row changes in two ways only: its file is deleted, or its URLs are revoked. Whoever does that drops the row
/// here after the commit and before the answer. A look-up that raced it is not kept, because its epoch is over by then.
/// Whether a file has ended is for the one who asks to see: it is in the row.
final class ReadyFiles: Sendable {
    private struct State {
        var epoch: UInt64 = 0
        var young: [FileID: FileRecord] = [:]
        var old: [FileID: FileRecord] = [:]
    }

    private let state = Mutex(State())
    private let generationLimit: Int

    /// - Parameter capacity: The most rows that are kept.
    init(capacity: Int) {
        self.generationLimit = max(1, capacity / 2)
    }

    /// Returns those of some rows that are kept, and the epoch in which the others may be looked up.
    func find(_ ids: [FileID]) -> (files: [FileID: FileRecord], epoch: UInt64) {
        self.state.withLock { state in
            var files: [FileID: FileRecord] = [:]
            files.reserveCapacity(ids.count)
            for id in ids {
                if let file = state.young[id] {
                    files[id] = file
                } else if let file = state.old[id] {
                    // It is in use: it outlives its generation.
                    files[id] = file
                    state.young[id] = file
                }
            }
            return (files, state.epoch)
        }
    }

    /// Keeps rows, unless any row has changed since they were asked for.
    func keep(_ files: [FileRecord], since epoch: UInt64) {
        let dropped = self.state.withLock { state -> [FileID: FileRecord] in
            guard state.epoch == epoch else { return [:] }
            for file in files { state.young[file.id] = file }
            guard state.young.count >= self.generationLimit else { return [:] }
            defer { (state.old, state.young) = (state.young, [:]) }
            return state.old
        }
        // Freed without the lock.
        withExtendedLifetime(dropped) {}
    }

    /// Drops a row that has changed.
    func drop(_ id: FileID) {
        self.state.withLock { state in
            state.epoch += 1
            state.young[id] = nil
            state.old[id] = nil
        }
    }
}
