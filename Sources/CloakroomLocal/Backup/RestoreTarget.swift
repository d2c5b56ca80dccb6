import CloakroomSQLite
import CloakroomSystem
import Glibc

/// The directory into which a store is restored.
///
/// Where there is none it is made beside its name, and gets that when it is full. One that is there and empty is
/// filled. The catalogue gets its name last. Before anything else there is a marker, which goes when all is durable:
/// with it nobody opens the directory as a store, and the next restoration begins anew.
final class RestoreTarget {
    private static let suffix = ".restoring"

    /// The directory, whatever it is called at the moment.
    let directory: Directory
    /// Its path while it is filled.
    let path: String
    /// Locked, so that there is one run at a time.
    private let marker: OpenFile
    /// Where it gets its name, if it was made beside that.
    private let parent: Directory?
    private let name: String

    /// Opens or makes the directory, claims it, and removes what an interrupted run left in it.
    init(path: String, system: any OperatingSystem) throws(BackupError) {
        let (parentPath, name) = Self.split(path)
        self.name = name
        let existing = try BackupError.at(
            path, SystemCallError.unlessMissing(Directory(path: path, system: system)))
        if let existing {
            self.directory = existing
            self.parent = nil
            self.path = path
        } else {
            guard !name.isEmpty else { throw .nothingThere(path: path) }
            let temporaryPath = "\(parentPath)/\(name)\(Self.suffix)"
            try BackupError.at(temporaryPath, Directory.create(path: parentPath, system: system))
            let parent = try BackupError.at(temporaryPath, Directory(path: parentPath, system: system))
            self.directory = try BackupError.at(temporaryPath, Directory(in: parent, name + Self.suffix))
            self.parent = parent
            self.path = temporaryPath
        }
        self.marker = try Self.claim(self.directory, self.path)
        try self.clear()
    }

    private static func split(_ path: String) -> (parent: String, name: String) {
        var parts = path.split(separator: "/")
        let name = parts.popLast().map(String.init) ?? ""
        let parent = (path.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
        return (parent.isEmpty ? "." : parent, name)
    }

    /// Puts the marker there, and locks it.
    private static func claim(_ directory: Directory, _ path: String) throws(BackupError) -> OpenFile {
        do throws(SystemCallError) {
            let isLeft = try directory.contains(DataDirectory.restoringName)
            if try Self.mayClear(directory, isLeft: isLeft) {
                let flags = O_RDWR | O_NOFOLLOW | (isLeft ? 0 : O_CREAT | O_EXCL)
                let marker = OpenFile(try directory.open(DataDirectory.restoringName, flags: flags))
                try directory.system.lock(marker.descriptor.rawValue, LOCK_EX | LOCK_NB)
                // A run that came to its end since has removed it before it gave up its lock.
                guard try directory.contains(DataDirectory.restoringName) else {
                    throw SystemCallError(.openat, code: ENOENT)
                }
                // A server that began before the marker was there has put its lock there first.
                guard try Self.mayClear(directory, isLeft: isLeft) else {
                    try directory.remove(DataDirectory.restoringName)
                    throw SystemCallError(.openat, code: EEXIST)
                }
                try directory.synchronize()
                return marker
            }
        } catch {
            // Another run has it, has just put it there, or has just removed it.
            let isBusy = [EWOULDBLOCK, EEXIST, ENOENT].contains(error.code)
            throw isBusy ? .busy(path: path) : BackupError(error, at: path)
        }
        throw .notEmpty(path: path)
    }

    /// Whether a restoration may remove what is there: nothing, or with the marker what an interrupted one left.
    private static func mayClear(_ directory: Directory, isLeft: Bool) throws(SystemCallError) -> Bool {
        try directory.names().allSatisfy { name in
            if DataDirectory.ignoredNames.contains(name) || name == DataDirectory.restoringName { return true }
            return isLeft && (DataDirectory.isOwnName(name) || name.hasPrefix(Restore.catalogName))
        }
    }

    /// Removes everything but the marker and what may be in an empty directory.
    private func clear() throws(BackupError) {
        let kept = DataDirectory.ignoredNames.union([DataDirectory.restoringName])
        for name in try BackupError.at(self.path, self.directory.names()) where !kept.contains(name) {
            try BackupError.at(self.path, self.directory.removeTree(name))
        }
    }

    /// Makes a store of it, durably, once all but the catalogue's name is durable.
    func publish(catalogName: String) throws(BackupError) {
        do throws(SystemCallError) {
            try self.directory.rename(catalogName, to: self.directory, as: Catalog.fileName)
            try self.directory.synchronize()
            if let parent {
                try parent.rename(self.name + Self.suffix, to: parent, as: self.name)
                try parent.synchronize()
            } else {
                try Directory.synchronizeName(of: self.path, system: self.directory.system)
            }
            try self.directory.remove(DataDirectory.restoringName)
            try self.directory.synchronize()
        } catch {
            throw BackupError(error, at: self.path)
        }
        self.unlock()
    }

    /// Removes what was written, as far as the disk lets go.
    func abandon() {
        defer { self.unlock() }
        // Without the marker it may be in use already.
        guard (try? self.directory.contains(DataDirectory.restoringName)) == true, (try? self.clear()) != nil,
            // Else a power cut could take the marker, and leave something of what it marks.
            (try? self.directory.synchronize()) != nil
        else { return }
        try? self.directory.remove(DataDirectory.restoringName)
        try? self.parent?.removeDirectory(self.name + Self.suffix)
    }

    private func unlock() {
        try? self.directory.system.lock(self.marker.descriptor.rawValue, LOCK_UN)
    }
}
