import CSQLite
import CloakroomStore
package import CloakroomSystem
import Glibc
import Logging

/// What a start makes sure of before it opens the catalogue.
extension Catalog {
    /// Examines what the run before left, and rejects what does not belong together before anything is changed.
    static func examine(_ directory: DataDirectory, _ health: StorageHealth) throws -> HistoryExamination {
        // A copy is kept of a WAL that is damaged; one of which the database has everything is removed.
        let blobs = try Directory.find(DataDirectory.blobsName, in: directory.root)
        let examination = try HistoryExamination(directory.root, blobs)
        guard let blobs else { return examination }
        try self.checkIdentity(directory, blobs, examination)
        if case .lost = examination.outcome { try self.checkIntegrity(directory) }
        if examination.isMarkDamaged { health.report("The mark of the WAL is damaged; it is written anew") }
        switch examination.outcome {
        case .whole: break
        case .superfluous:
            let kept = try self.keepingLog(directory) { () throws(SystemCallError) in
                try self.moveLog(of: directory.root, into: blobs)
            }
            health.report("The WAL is damaged; all of it is in the database, nothing is lost", "moved to \(kept)")
        case .lost(let detail):
            let copy = try self.keepingLog(directory) { () throws(SystemCallError) in
                try self.copyLog(of: directory.root, into: blobs)
            }
            let kept = copy.map { "a copy of the WAL is \($0)" } ?? "there is no WAL"
            health.report("History was lost", "\(detail); \(kept)")
            return examination
        }
        // What this run commits is not what the mark speaks of.
        try HistoryMarkWriter.reset(in: blobs)
        return examination
    }

    /// Passes if a command may write to a catalogue that no server has: what it adds to a WAL that is damaged would lie
    /// over what can still be found out.
    static func checkHistory(beforeCommandIn directory: DataDirectory) throws {
        _ = try directory.unlessServed {
            guard let blobs = try Directory.find(DataDirectory.blobsName, in: directory.root) else { return }
            let examination = try HistoryExamination(directory.root, blobs)
            try self.checkIdentity(directory, blobs, examination)
            guard examination.outcome != .whole else { return }
            throw OpenError(
                description: """
                    \(directory.path(of: Self.logName)) is damaged or missing: start the server first, which keeps a copy and \
                    reports what is lost; nothing was changed
                    """)
        }
    }

    // MARK: The store's identity

    /// Passes unless the catalogue and the blobs are of different stores, or of different moments of one.
    ///
    /// It only reads: a catalogue that is rejected stays as it is, and so does its WAL.
    private static func checkIdentity(
        _ directory: DataDirectory, _ blobs: Directory, _ examination: HistoryExamination
    ) throws {
        guard let found = try self.identity(beside: blobs, in: directory) else { return }
        if let mismatch = try self.mismatch(directory, beside: found, examination) {
            throw OpenError(description: self.rejection(mismatch, directory))
        }
    }

    /// Passes unless a database is damaged to which only a part of its WAL applies: pages that had been copied into it may be
    /// newer than others.
    private static func checkIntegrity(_ directory: DataDirectory) throws {
        let connection = try self.connect(directory, .reader)
        guard let first = try self.integrityProblems(of: connection).first else { return }
        throw OpenError(
            description:
                "\(directory.path(of: Self.fileName)) is damaged: \(first); use cloakroom restore; nothing was changed",
            isCorruption: true)
    }

    /// Why a catalogue and the blobs beside it do not belong together.
    package struct Mismatch {
        /// The predicate of a sentence about the catalogue.
        package let problem: String
        /// Whether the database's file by itself does belong to the blobs, and only its WAL does not.
        package let isOfLog: Bool
    }

    /// Compares a catalogue with the blobs beside it, and returns why they do not belong together; it only reads.
    package static func mismatch(
        _ directory: DataDirectory, beside found: StoreIdentity, _ examination: HistoryExamination
    ) throws -> Mismatch? {
        // The blobs never have a generation that the database's file has not.
        var isReadableAlone = true
        do throws(SQLiteError) {
            let known = try self.identity(self.connect(directory, .fileReader))
            if let problem = self.problem(known, beside: found) { return Mismatch(problem: problem, isOfLog: false) }
        } catch {
            // A checkpoint that was cut short leaves a file that only its WAL makes readable.
            guard examination.hasLog else { throw error }
            isReadableAlone = false
        }
        // A log that is to be removed says nothing.
        guard examination.outcome != .superfluous || !isReadableAlone else { return nil }
        let known = try self.identity(self.connect(directory, .reader))
        return self.problem(known, beside: found).map { problem in
            Mismatch(problem: problem, isOfLog: examination.hasLog && isReadableAlone)
        }
    }

    private static func connect(
        _ directory: DataDirectory, _ role: SQLiteConnection.Role
    ) throws(SQLiteError) -> SQLiteConnection {
        try SQLiteConnection(
            path: directory.path(of: Self.fileName), role: role, fileSystem: directory.system.sqliteFileSystem)
    }

    private static func identity(
        beside blobs: Directory, in directory: DataDirectory
    ) throws -> StoreIdentity? {
        do {
            return try IdentityFile(directory: blobs).read()
        } catch is IdentityFile.Damaged {
            let path = directory.path(of: "\(DataDirectory.blobsName)/\(IdentityFile.name)")
            throw OpenError(
                description: """
                    \(path) is damaged. If \(Self.fileName) belongs to these files, remove \(path), not the database; the \
                    next start writes it again. Nothing was changed
                    """)
        }
    }

    private static func rejection(_ mismatch: Mismatch, _ directory: DataDirectory) -> String {
        let path = directory.path(of: Self.fileName)
        let identity = directory.path(of: "\(DataDirectory.blobsName)/\(IdentityFile.name)")
        if mismatch.isOfLog {
            return """
                \(path) does not match the files: its write-ahead log is from an earlier time. Move \
                \(directory.path(of: Self.logName)) elsewhere and start again; nothing was changed
                """
        }
        return """
            \(path) \(mismatch.problem): put the right one back, or create a new data directory from a backup with `cloakroom \
            restore BACKUP --data-dir DIR`; to use this database and lose the changes that it does not contain, remove \(identity); nothing was \
            changed
            """
    }

    /// Says why a catalogue and the blobs beside it do not belong together, as the predicate of a sentence about the
    /// catalogue.
    static func problem(_ known: StoreIdentity?, beside found: StoreIdentity) -> String? {
        guard let known else { return "is older than the files in \(DataDirectory.blobsName), or of another store" }
        guard known.bytes == found.bytes else { return "is the database of another store" }
        let generations = "generation \(known.generation) instead of \(found.generation)"
        if known.generation < found.generation {
            return "is an older copy than the files in \(DataDirectory.blobsName) (\(generations))"
        }
        guard known.generation > found.generation + 1 else { return nil }
        return "is newer than the files in \(DataDirectory.blobsName), which are an older copy (\(generations))"
    }

    static func hasIdentity(_ connection: SQLiteConnection) throws(SQLiteError) -> Bool {
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
