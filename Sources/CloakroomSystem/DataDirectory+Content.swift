import Glibc

extension DataDirectory {
    /// What a directory contains, as its names tell.
    ///
    /// Looking changes nothing.
    package enum Content: Hashable, Sendable {
        /// Nothing that could be lost: a store can be created here. A first start that was killed leaves this too.
        case empty
        /// A store: there is a database.
        case store
        /// Parts of a store, by name, without its database.
        case storeWithoutCatalog([String])
        /// Entries of something else, by name, and no database.
        case foreign([String])
    }

    /// Entries that an empty directory may have: the second is the file system's own.
    package static let ignoredNames: Set<String> = [".gitignore", "lost+found"]

    /// Entries that the first start makes before there is anything to lose.
    private static let harmlessNames: Set<String> = [
        lockName, DiskReserve.name, "\(catalogName)-journal", "\(catalogName)-shm",
    ]

    /// Whether a name is one that a store has, or a command that is working on it.
    package static func isOwnName(_ name: String) -> Bool {
        name == signingKeysName || name.hasPrefix(".\(signingKeysName).") || name == blobsName
            || name == catalogName || name == walName || name == backupName
            || name == restoringName || self.harmlessNames.contains(name)
    }

    package static func content(of root: Directory) throws(SystemCallError) -> Content {
        let names = try root.names().filter { !self.ignoredNames.contains($0) }.sorted()
        if names.contains(Self.catalogName), try self.isFilled(Self.catalogName, in: root) { return .store }
        let foreign = names.filter { !self.isOwnName($0) }
        guard foreign.isEmpty else { return .foreign(foreign) }
        var parts: [String] = []
        for name in names where try self.isPart(name, of: root) { parts.append(name) }
        return parts.isEmpty ? .empty : .storeWithoutCatalog(parts)
    }

    /// Whether one of a store's own entries tells that there was a store: not where the first start may have left it.
    private static func isPart(_ name: String, of root: Directory) throws(SystemCallError) -> Bool {
        if self.harmlessNames.contains(name) { return false }
        switch name {
        case Self.blobsName: return try self.holdsFiles(name, in: root)
        case Self.catalogName, Self.walName: return try self.isFilled(name, in: root)
        // What is complete has another name.
        default: return !name.hasPrefix(".\(Self.signingKeysName).")
        }
    }

    /// Whether there is something in a file; SQLite takes an empty database for a new one.
    private static func isFilled(_ name: String, in root: Directory) throws(SystemCallError) -> Bool {
        // The name can be that of a link to a file that is missing.
        try SystemCallError.unlessMissing(root.open(name, flags: O_RDONLY | O_NONBLOCK).status().size > 0) ?? false
    }

    /// Whether there is anything but directories in an entry; one that is no directory counts.
    private static func holdsFiles(_ name: String, in parent: Directory) throws(SystemCallError) -> Bool {
        let directory: Directory
        do throws(SystemCallError) {
            directory = try Directory(in: parent, name, creates: false)
        } catch {
            guard [ENOTDIR, ELOOP].contains(error.code) else { throw error }
            return true
        }
        for name in try directory.names() where try self.holdsFiles(name, in: directory) { return true }
        return false
    }

    /// Finds out what a directory contains; a missing one is empty.
    package static func content(at path: String) throws(OpenError) -> Content {
        do throws(SystemCallError) {
            return try self.content(of: Directory(path: path, system: Linux()))
        } catch {
            guard error.code != ENOENT else { return .empty }
            throw OpenError(error, at: path)
        }
    }
}
