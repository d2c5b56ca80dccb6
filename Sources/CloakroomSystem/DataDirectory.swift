package import CloakroomStore
import Glibc

/// The directory that holds everything that lasts: the catalogue, the blobs and the signing keys.
package final class DataDirectory: Sendable {
    package static let lockName = "lock"
    private static let lockAttempts = 20
    /// Between two attempts, in microseconds.
    private static let lockInterval: useconds_t = 50_000
    /// Is there in a backup, which shares packs and files with other backups: nobody may change them.
    package static let backupName = "cloakroom-backup"
    /// Is there while a backup is being restored, and after a restoration that was interrupted.
    package static let restoringName = "restoring"

    /// The directory's path as it was given.
    package let path: String
    /// For calls relative to the directory.
    package let root: Directory
    private let lock: FileDescriptor?

    /// What it lies on.
    package var system: any OperatingSystem { self.root.system }

    /// Opens a directory; its server makes it readable by its owner alone.
    ///
    /// Nothing is created or changed in a directory that is rejected: one with entries that are not a store's, a backup,
    /// one that is being restored, and without `creates` one that has no database.
    ///
    /// - Parameters:
    ///   - path: The directory.
    ///   - creates: Whether a store may be created there, and the directory itself where it is missing.
    ///   - exclusively: Whether this is the directory's server, of which there is one at a time: an advisory lock
    ///     (`flock`) that the kernel drops with the process.
    /// - Throws: ``OpenError``.
    package convenience init(path: String, creates: Bool = true, exclusively: Bool) throws(OpenError) {
        try self.init(path: path, creates: creates, exclusively: exclusively, system: Linux())
    }

    /// Opens a directory of some machine.
    package init(
        path: String, creates: Bool = true, exclusively: Bool, system: any OperatingSystem
    ) throws(OpenError) {
        self.path = path
        var rejection: OpenError?
        do throws(SystemCallError) {
            if creates { try Directory.create(path: path, system: system) }
            self.root = try Directory(path: path, system: system)
            let content = try Self.content(of: self.root)
            rejection = try Self.rejection(of: self.root, path, content, creates: creates, exclusively: exclusively)
            self.lock = exclusively && rejection == nil ? try Self.lock(self.root) : nil
            // A restoration may have begun before the lock was there.
            if rejection == nil { rejection = try Self.restoringRejection(of: self.root, path) }
        } catch {
            throw OpenError(error, at: path)
        }
        if let rejection { throw rejection }
    }

    private static func rejection(
        of root: Directory, _ path: String, _ content: Content, creates: Bool, exclusively: Bool
    ) throws(SystemCallError) -> OpenError? {
        if let rejection = try self.restoringRejection(of: root, path) { return rejection }
        if exclusively, try self.isBackup(root) {
            return OpenError(
                description: "\(path) is a backup; create a data directory from it with cloakroom restore")
        }
        switch content {
        case .store: return nil
        case .empty where creates: return nil
        case .foreign(let names) where creates: return OpenError(foreign: names, at: path)
        case .storeWithoutCatalog(let parts): return OpenError(databaseMissingBeside: parts, at: path)
        case .empty, .foreign: return OpenError(noDatabaseAt: path)
        }
    }

    private static func restoringRejection(of root: Directory, _ path: String) throws(SystemCallError) -> OpenError? {
        guard try root.contains(Self.restoringName) else { return nil }
        return OpenError(
            description: "data directory \(path) is being restored, or this was interrupted; restore it again")
    }

    /// Whether a directory is a backup; another directory or a link of that name is somebody's own.
    private static func isBackup(_ root: Directory) throws(SystemCallError) -> Bool {
        guard try root.contains(Self.backupName) else { return false }
        do throws(SystemCallError) {
            let mark = try root.open(Self.backupName, flags: O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
            return try mark.status().mode & S_IFMT == S_IFREG
        } catch {
            guard error.code == ELOOP else { throw error }
            return false
        }
    }

    /// Makes a directory its server's, and its owner's alone.
    private static func lock(_ root: Directory) throws(SystemCallError) -> FileDescriptor {
        let lock = try root.open(Self.lockName, flags: O_RDWR | O_CREAT)
        var attempt = 1
        while true {
            do throws(SystemCallError) {
                try root.system.lock(lock.rawValue, LOCK_EX | LOCK_NB)
                break
            } catch {
                // A check has it while it looks at the WAL.
                guard error.code == EWOULDBLOCK, attempt < Self.lockAttempts else { throw error }
                attempt += 1
                usleep(Self.lockInterval)
            }
        }
        try? root.system.setMode(of: root.rawDescriptor, 0o700)
        return lock
    }

    package func path(of name: String) -> String { "\(self.path)/\(name)" }

    /// Runs work that reads and replaces a file of the directory, one process at a time.
    package func alone<Value>(_ body: () throws -> Value) throws -> Value {
        // The lock is the directory's own and not the one that tells the server.
        try self.system.lock(self.root.rawDescriptor, LOCK_EX)
        defer { try? self.system.lock(self.root.rawDescriptor, LOCK_UN) }
        return try body()
    }

    /// How much room the file system has, as unprivileged users see it; `nil` where it does not say.
    package func freeSpace() -> FreeSpace? {
        self.root.freeSpace()
    }
}
