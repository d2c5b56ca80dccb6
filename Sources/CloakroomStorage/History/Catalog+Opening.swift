import CSQLite
import Logging

import Glibc

/// What a start makes sure of before it opens the catalogue.
extension Catalog {
    /// Passes unless the catalogue is missing or empty where anything else of a store is there.
    ///
    /// SQLite would make an empty one, and delete the log of the one that is missing. A first start that was killed half-way has
    /// made directories, and nothing that counts.
    ///
    /// - Parameter directory: The data directory.
    /// - Throws: ``OpenError``, or the call that failed.
    static func checkPresence(in directory: DataDirectory) throws {
        let problem: String
        do throws(SystemCallError) {
            let file = try directory.root.open(Self.fileName, flags: O_RDONLY | O_NONBLOCK)
            guard try file.status().size == 0 else { return }
            problem = "empty"
        } catch {
            guard error.code == ENOENT else { throw error }
            problem = "missing"
        }
        guard let other = try self.otherContent(of: directory.root) else { return }
        throw OpenError(
            description: """
                \(directory.path(of: Self.fileName)) is \(problem), and the data directory contains \(other): put the \
                database back, or create a new data directory from a backup with `cloakroom restore BACKUP --data-dir \
                DIR`; nothing was changed
                """)
    }

    /// Returns something that only a store which has been in use contains; `nil` where there is nothing of that kind.
    private static func otherContent(of root: Directory) throws(SystemCallError) -> String? {
        for name in [Self.logName, SigningKeyFile.name] where try self.hasContent(name, in: root) { return name }
        guard let blobs = try BlobTree.find(BlobStore.directoryName, in: root) else { return nil }
        let tree = try BlobTree(in: blobs)
        if try blobs.contains(IdentityFile.name) { return "\(BlobStore.directoryName)/\(IdentityFile.name)" }
        let directories =
            [(PackStore.directoryName, tree.packs)]
            + tree.shards.enumerated().map { (BlobStore.shardName($0.offset), $0.element) }
            + [(BlobStore.quarantineName, try BlobTree.find(BlobStore.quarantineName, in: blobs))]
        for (name, directory) in directories {
            guard let first = try directory?.names().first else { continue }
            return "\(BlobStore.directoryName)/\(name)/\(first)"
        }
        return nil
    }

    private static func hasContent(_ name: String, in root: Directory) throws(SystemCallError) -> Bool {
        do throws(SystemCallError) {
            return try root.open(name, flags: O_RDONLY | O_NONBLOCK).status().size > 0
        } catch {
            guard error.code == ENOENT else { throw error }
            return false
        }
    }

    // MARK: The log

    /// Examines the log that the run before left, and keeps a copy of one that is damaged.
    ///
    /// - Parameters:
    ///   - directory: The data directory.
    ///   - health: Told what is wrong.
    /// - Returns: What was found.
    /// - Throws: The call that failed.
    static func examineLog(
        of directory: DataDirectory, _ health: StorageHealth
    ) throws(SystemCallError) -> HistoryExamination {
        let blobs = try BlobTree.find(BlobStore.directoryName, in: directory.root)
        let examination = try HistoryExamination(directory.root, blobs)
        if examination.isMarkDamaged { health.report("The mark of the WAL is damaged; it is written anew") }
        guard let blobs else { return examination }
        switch examination.outcome {
        case .whole: break
        case .superfluous:
            let copy = try self.keepLog(of: directory.root, in: blobs)
            try directory.root.remove(Self.logName)
            try directory.root.synchronize()
            health.report("The WAL is damaged; all of it is in the database, nothing is lost; a copy is \(copy)")
        case .lost(let detail):
            let copy = try self.keepLog(of: directory.root, in: blobs)
            health.report("History was lost: \(detail); a copy of the WAL is \(copy)")
            return examination
        }
        // What this run commits is not what the mark speaks of.
        if try blobs.contains(HistoryMarkWriter.name) { try HistoryMarkWriter.reset(in: blobs) }
        return examination
    }

    /// Copies the log into the quarantine, durably.
    private static func keepLog(of root: Directory, in blobs: Directory) throws(SystemCallError) -> String {
        let bytes: [UInt8]
        do throws(SystemCallError) {
            bytes = try root.open(Self.logName, flags: O_RDONLY | O_NOFOLLOW | O_NONBLOCK).readAll()
        } catch {
            guard error.code == ENOENT else { throw error }
            bytes = []
        }
        let quarantine = try Directory(in: blobs, BlobStore.quarantineName)
        let name = "\(Self.logName)-\(root.system.milliseconds / 1_000)"
        let file = try quarantine.open(name, flags: O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW)
        try file.writeAll(bytes, at: 0)
        try file.synchronize()
        try quarantine.synchronize()
        return "\(BlobStore.directoryName)/\(BlobStore.quarantineName)/\(name)"
    }

    /// Passes if SQLite finds nothing wrong with a database to which the log was applied only in part: pages that had been
    /// copied into it may be newer than others.
    static func checkStructure(of connection: SQLiteConnection) throws {
        let problems = try self.integrityProblems(of: connection)
        guard let first = problems.first else { return }
        throw OpenError(description: "the database is damaged: \(first); use cloakroom restore", isCorruption: true)
    }

    // MARK: The store's identity

    /// Passes unless the catalogue and the blobs are of different stores, or of different moments of one.
    ///
    /// - Parameters:
    ///   - connection: To the database, of any version.
    ///   - directory: The data directory.
    /// - Throws: ``OpenError``, or what failed.
    static func checkHistory(of connection: SQLiteConnection, in directory: DataDirectory) throws {
        guard let blobs = try BlobTree.find(BlobStore.directoryName, in: directory.root) else { return }
        let path = directory.path(of: "\(BlobStore.directoryName)/\(IdentityFile.name)")
        let found: StoreIdentity?
        do {
            found = try IdentityFile(directory: blobs).read()
        } catch is IdentityFile.Damaged {
            throw OpenError(
                description: """
                    \(path) is damaged: if \(Self.fileName) is the database of these files, remove it; it is then written \
                    anew
                    """)
        }
        guard let found else { return }
        let known = try self.identity(connection)
        guard let problem = self.problem(known, beside: found) else { return }
        throw OpenError(
            description: """
                \(directory.path(of: Self.fileName)) \(problem): put the right one back, or create a new data directory \
                from a backup with `cloakroom restore BACKUP --data-dir DIR`; to keep this one, and lose what it lacks, \
                remove \(path); nothing was changed
                """)
    }

    /// Says why a catalogue and the blobs beside it do not belong together.
    ///
    /// - Parameters:
    ///   - known: The catalogue's identity; `nil` for one that has none.
    ///   - found: The blobs'.
    /// - Returns: The predicate of a sentence about the catalogue; `nil` where they do.
    static func problem(_ known: StoreIdentity?, beside found: StoreIdentity) -> String? {
        guard let known else { return "is older than the files in \(BlobStore.directoryName), or of another store" }
        guard known.bytes == found.bytes else { return "is the database of another store" }
        let generations = "generation \(known.generation) instead of \(found.generation)"
        if known.generation < found.generation {
            return "is an older copy than the files in \(BlobStore.directoryName) (\(generations))"
        }
        guard known.generation > found.generation + 1 else { return nil }
        return "is newer than the files in \(BlobStore.directoryName), which are an older copy (\(generations))"
    }

    private static func hasIdentity(_ connection: SQLiteConnection) throws(SQLiteError) -> Bool {
        try connection.text(of: "SELECT count(*) FROM sqlite_schema WHERE name = 'store'") == "1"
    }

    /// Reads when the server before started, in seconds of the Unix epoch; `nil` where that is not known.
    static func startTime(_ connection: SQLiteConnection) throws(SQLiteError) -> Int64? {
        guard try self.hasIdentity(connection) else { return nil }
        return Int64(try connection.text(of: "SELECT started_at FROM store"))
    }

    /// Reads the store's identity; `nil` where the catalogue has none yet.
    static func identity(_ connection: SQLiteConnection) throws(SQLiteError) -> StoreIdentity? {
        guard try self.hasIdentity(connection) else { return nil }
        let row = try connection.statement("SELECT identity, generation FROM store")
        defer { row.reset() }
        guard try row.step() else { return nil }
        guard let identity = StoreIdentity(bytes: row.blob(0) ?? [], generation: row.integer(1) ?? 0) else {
            throw SQLiteError(code: SQLITE_CORRUPT, message: "the row of store is malformed")
        }
        return identity
    }
}
