import CloakroomDomain
import Synchronization

/// Rows that were inserted a moment ago: an upload mostly follows its declaration at once, and need not look it up.
///
/// What it gives can be out of date in one way: the file may have been sealed or deleted since. Sealing asks the row itself,
/// so nothing rests on it.
final class PendingFileCache: Sendable {
    private let files: Mutex<GenerationalCache<FileID, FileRecord>>

    init(capacity: Int) {
        self.files = Mutex(GenerationalCache(capacity: capacity))
    }

    /// Keeps a row until it is asked for, or others have taken its place.
    func keep(_ file: FileRecord) {
        withExtendedLifetime(self.files.withLock { $0.insert(file, for: file.id) }) {}
    }

    /// Returns a row and drops it: it is asked for once.
    func take(_ id: FileID) -> FileRecord? {
        self.files.withLock { $0.remove(id).first }
    }
}
