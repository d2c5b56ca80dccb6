import CloakroomDomain
import CloakroomSQLite
import CloakroomSystem
import Glibc

/// A directory of backups: each is a directory that is called after its time in UTC, like `20261121T134500Z`.
///
/// Names are in the order of the backups, also where the clock stepped back. One that is being made has another name
/// until it is complete.
struct BackupDirectory {
    private static let incompletePrefix = "incomplete-"

    let path: String
    let root: Directory

    /// Opens a directory of backups, or makes it where it is missing, for its owner alone.
    init(path: String, creates: Bool, system: any OperatingSystem) throws(BackupError) {
        self.path = path
        if creates { try BackupError.at(path, Directory.create(path: path, system: system)) }
        self.root = try BackupError.at(path, Directory(path: path, system: system))
    }

    func path(of name: String) -> String { "\(self.path)/\(name)" }

    // MARK: One run at a time

    /// Claims the directory for a run; throws ``BackupError/busy(path:)`` while another has it.
    func lock() throws(BackupError) {
        do throws(SystemCallError) {
            try self.root.system.lock(self.root.rawDescriptor, LOCK_EX | LOCK_NB)
        } catch {
            throw error.code == EWOULDBLOCK ? .busy(path: self.path) : BackupError(error, at: self.path)
        }
    }

    /// Gives the claim up.
    func unlock() { try? self.root.system.lock(self.root.rawDescriptor, LOCK_UN) }

    // MARK: Names

    /// The names of complete backups, the oldest first.
    func backups() throws(BackupError) -> [String] {
        try self.entries().filter { Self.time(of: $0) != nil }.sorted()
    }

    /// Whether it is no directory of backups, but one of them.
    func isBackup() throws(BackupError) -> Bool { try self.entries().contains(Catalog.fileName) }

    private func entries() throws(BackupError) -> [String] {
        try BackupError.at(self.path, self.root.names())
    }

    private static func time(of name: String) -> Timestamp? { Timestamp(iso8601Basic: ArraySlice(name.utf8)) }

    /// The name of a backup that follows others.
    static func name(after last: String?, now: Timestamp) -> String {
        guard let time = last.flatMap({ self.time(of: $0) }) else { return now.iso8601Basic }
        return max(now, time.advanced(bySeconds: 1)).iso8601Basic
    }

    /// The name of a backup while it is being made.
    static func incomplete(_ name: String) -> String { self.incompletePrefix + name }

    /// Whether a path is one of a backup that is being made, or was left half made.
    static func isIncomplete(path: String) -> Bool {
        guard let name = path.split(separator: "/").last, name.hasPrefix(self.incompletePrefix) else { return false }
        // What has another name is not ours to remove.
        return self.time(of: String(name.dropFirst(self.incompletePrefix.count))) != nil
    }

    // MARK: Making one

    /// Removes what runs left that did not come to their end; only while the directory is claimed.
    func removeIncomplete() throws(BackupError) {
        for name in try self.entries() where Self.isIncomplete(path: name) { try self.remove(name) }
        // Else a power cut could leave what was removed, under the name that the new one gets.
        try BackupError.at(self.path, self.root.synchronize())
    }

    /// Removes an entry with everything in it.
    func remove(_ name: String) throws(BackupError) {
        try BackupError.at(self.path(of: name), self.root.removeTree(name))
    }

    func make(_ name: String) throws(BackupError) -> Directory {
        try BackupError.at(self.path(of: name), Directory(in: self.root, name))
    }

    func open(_ name: String) throws(BackupError) -> Directory {
        try BackupError.at(self.path(of: name), Directory(in: self.root, name, creates: false))
    }

    /// Gives a backup that is complete and durable its name, durably.
    func publish(_ name: String) throws(BackupError) {
        let path = self.path(of: name)
        try BackupError.at(path, self.root.rename(Self.incomplete(name), to: self.root, as: name))
        try BackupError.at(path, self.root.synchronize())
    }
}
