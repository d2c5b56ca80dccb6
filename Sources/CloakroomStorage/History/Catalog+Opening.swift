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

    /// Examines what the run before left, and refuses what does not belong together before anything is changed.
    ///
    /// A copy is kept of a log that is damaged; one of which the database has everything is removed.
    ///
    /// - Parameters:
    ///   - directory: The data directory.
    ///   - health: Told what is wrong.
    /// - Returns: What was found.
    /// - Throws: ``OpenError``, or what failed.
    static func examine(_ directory: DataDirectory, _ health: StorageHealth) throws -> HistoryExamination {
        let blobs = try BlobTree.find(BlobStore.directoryName, in: directory.root)
        let examination = try HistoryExamination(directory.root, blobs)
        guard let blobs else { return examination }
        try self.checkHistory(directory, blobs, examination)
        if examination.isMarkDamaged { health.report("The mark of the WAL is damaged; it is written anew") }
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

    // MARK: The store's identity

    /// Passes unless the catalogue and the blobs are of different stores, or of different moments of one, or the database is
    /// damaged where its log was applied only in part: then pages that had been copied into it may be newer than others.
    ///
    /// It only reads: a catalogue that is refused stays as it is, and so does its log.
    private static func checkHistory(
        _ directory: DataDirectory, _ blobs: Directory, _ examination: HistoryExamination
    ) throws {
        guard let found = try self.identity(beside: blobs, in: directory) else { return }
        let path = directory.path(of: Self.fileName)
        func connect(_ role: SQLiteConnection.Role) throws(SQLiteError) -> SQLiteConnection {
            try SQLiteConnection(path: path, role: role, fileSystem: directory.system.sqliteFileSystem)
        }
        // A log that is to be removed says nothing. The blobs never have a generation that the database's file has not.
        let connection = try connect(examination.outcome == .superfluous ? .fileReader : .reader)
        if let problem = self.problem(try self.identity(connection), beside: found) {
            let inFile = try self.identity(connect(.fileReader))
            let isOfLog = examination.hasLog && self.problem(inFile, beside: found) == nil
            throw OpenError(description: self.refusal(problem, isOfLog: isOfLog, directory))
        }
        guard case .lost = examination.outcome, let first = try self.integrityProblems(of: connection).first else {
            return
        }
        throw OpenError(
            description: "\(path) is damaged: \(first); use cloakroom restore; nothing was changed", isCorruption: true)
    }

    private static func identity(
        beside blobs: Directory, in directory: DataDirectory
    ) throws -> StoreIdentity? {
        do {
            return try IdentityFile(directory: blobs).read()
        } catch is IdentityFile.Damaged {
            let path = directory.path(of: "\(BlobStore.directoryName)/\(IdentityFile.name)")
            throw OpenError(
                description: """
                    \(path) is damaged: if \(Self.fileName) is the database of these files, remove it; it is then written \
                    anew
                    """)
        }
    }

    private static func refusal(_ problem: String, isOfLog: Bool, _ directory: DataDirectory) -> String {
        let path = directory.path(of: Self.fileName)
        let identity = directory.path(of: "\(BlobStore.directoryName)/\(IdentityFile.name)")
        if isOfLog {
            return """
                \(path) with its write-ahead log \(problem), and without the log it is not: the log is of an earlier time; \
                move \(directory.path(of: Self.logName)) elsewhere; nothing was changed
                """
        }
        return """
            \(path) \(problem): put the right one back, or create a new data directory from a backup with `cloakroom \
            restore BACKUP --data-dir DIR`; to keep this one, and lose what it lacks, remove \(identity); nothing was \
            changed
            """
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
