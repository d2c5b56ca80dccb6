import CloakroomDomain
import Synchronization

/// Rows that were inserted a moment ago: an upload mostly follows its declaration at once, and need not look it up.
///
/// What it gives can be out of date in one way: the file may have been sealed or deleted since. Sealing asks the row itself,
/// so nothing rests on it.
final class RecentFiles: Sendable {
    private struct State {
        var young: [FileID: FileRecord] = [:]
        var old: [FileID: FileRecord] = [:]
    }

    private let state = Mutex(State())
    private let generationLimit: Int

    /// - Parameter capacity: The most rows that are kept.
    init(capacity: Int) {
        self.generationLimit = max(1, capacity / 2)
    }

    /// Keeps a row until it is asked for, or others have taken its place.
    func keep(_ file: FileRecord) {
        let dropped = self.state.withLock { state -> [FileID: FileRecord] in
            state.young[file.id] = file
            guard state.young.count >= self.generationLimit else { return [:] }
            defer { (state.old, state.young) = (state.young, [:]) }
            return state.old
        }
        // Freed without the lock.
        withExtendedLifetime(dropped) {}
    }

    /// Returns a row and drops it: it is asked for once.
    func take(_ id: FileID) -> FileRecord? {
        self.state.withLock { $0.young.removeValue(forKey: id) ?? $0.old.removeValue(forKey: id) }
    }
}
