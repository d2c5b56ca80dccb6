import CSQLite
package import CloakroomDomain
import CloakroomStore
package import CloakroomSystem
import Logging

/// Databases of whose pages the checksums are missing or wrong.
extension Catalog {
    /// Gives the pages of a database from before checksums theirs: all of it is written anew, once.
    ///
    /// Where there is no room for that, it is served without them; one that is damaged stays as it is.
    static func addChecksums(
        _ connection: SQLiteConnection, _ directory: DataDirectory, _ health: StorageHealth
    ) throws(SQLiteError) {
        guard !connection.hasChecksums else { return }
        do throws(SQLiteError) {
            // The first page may be in the WAL.
            try connection.checkpoint(SQLITE_CHECKPOINT_TRUNCATE)
            guard !connection.hasChecksums else { return }
            if let problem = try self.problems(by: "PRAGMA quick_check", of: connection).first {
                return health.rejectWrites("\(self.fileName) is damaged: \(problem)", isOfDamage: true)
            }
            let size = try Int64(
                connection.text(of: "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"))
            if let free = directory.root.freeSpace()?.bytes, let size, free < 2 * size {
                return health.report(
                    "No room to write the database anew with checksums",
                    "\(2 * size) bytes are wanted, \(free) are free")
            }
            health.note("Writing catalog.sqlite anew, with checksums: once, after an upgrade")
            try connection.rewrite()
        } catch {
            guard !error.endsWrites else { throw error }
            health.report(
                "The pages of the database have no checksums yet; the next start tries again", error.message)
        }
    }

    /// Writes a database anew, with new checksums, if SQLite finds nothing wrong with it: one that another program has
    /// written to, which knows nothing of them.
    package static func accept(in directory: DataDirectory, now: Timestamp) throws -> Acceptance {
        // Transactions that are missing stay noted, and the next start looks for what they were of.
        let blobs = try Directory.find(DataDirectory.blobsName, in: directory.root)
        // Before SQLite opens the WAL.
        let examination = try HistoryExamination(directory.root, blobs)
        let connection = try SQLiteConnection(
            path: directory.path(of: self.fileName), role: .rewriter, fileSystem: directory.system.sqliteFileSystem)
        if let found = try blobs.flatMap({ try IdentityFile(directory: $0).read() }),
            let problem = self.problem(try self.identity(connection), beside: found)
        {
            return .rejected(["\(self.fileName) \(problem)"])
        }
        let problems = try self.integrityProblems(of: connection)
        guard problems.isEmpty else { return .rejected(problems) }
        try connection.rewrite()
        let loss: String? = if case .lost(let detail) = examination.outcome { detail } else { nil }
        if !examination.isOrderly, try self.hasIdentity(connection) {
            try self.note(loss, connection, now: now)
            try connection.checkpoint(SQLITE_CHECKPOINT_TRUNCATE)
        }
        // What it speaks of has been noted.
        if let blobs { try HistoryMarkWriter.reset(in: blobs) }
        return .accepted(loss: loss)
    }

    /// What became of a database that was to be written anew.
    package enum Acceptance: Hashable, Sendable {
        /// It is as it was, because of these problems.
        case rejected([String])
        /// It was written anew; which of its transactions are missing, if any are.
        case accepted(loss: String?)
    }

    private static func note(_ loss: String?, _ connection: SQLiteConnection, now: Timestamp) throws(SQLiteError) {
        if let loss {
            try connection.statement("INSERT INTO lost_history (found_at, detail) VALUES (?, ?)")
                .bind(now.secondsSinceEpoch).bind(loss).run()
        }
        try connection.execute("UPDATE store SET search_since = min(coalesce(search_since, started_at), started_at)")
    }
}
