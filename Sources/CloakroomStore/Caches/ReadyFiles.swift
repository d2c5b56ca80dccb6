import CloakroomDomain
import Synchronization

/// Rows of ready files that were looked up lately: a gateway resolves the same files again and again.
///
/// A ready row changes in two ways only: its file is deleted, or its URLs are revoked. Whoever does that drops the row
/// here after the commit and before the response. A look-up that raced it is not kept, because its epoch is over by then.
/// Whether a file has ended is for the one who asks to see: it is in the row.
final class ReadyFiles: Sendable {
    private struct State {
        var epoch: UInt64 = 0
        var files: GenerationalCache<FileID, FileRecord>
    }

    private let state: Mutex<State>

    init(capacity: Int) {
        self.state = Mutex(State(files: GenerationalCache(capacity: capacity)))
    }

    /// Returns those of some rows that are kept, and the epoch in which the others may be looked up.
    func find(_ ids: [FileID]) -> (files: [FileID: FileRecord], epoch: UInt64) {
        self.state.withLock { state in
            var files: [FileID: FileRecord] = [:]
            files.reserveCapacity(ids.count)
            for id in ids { files[id] = state.files.find(id) }
            return (files, state.epoch)
        }
    }

    /// Keeps rows, unless any row has changed since they were asked for.
    func keep(_ files: [FileRecord], since epoch: UInt64) {
        let dropped = self.state.withLock { state in
            state.epoch == epoch ? files.map { state.files.insert($0, for: $0.id) } : []
        }
        // Freed without the lock.
        withExtendedLifetime(dropped) {}
    }

    func drop(_ id: FileID) {
        self.state.withLock { state in
            state.epoch += 1
            state.files.remove(id)
        }
    }
}
