import CSQLite
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
            // The first page may be in the log.
            try connection.checkpoint(SQLITE_CHECKPOINT_TRUNCATE)
            guard !connection.hasChecksums else { return }
            if let problem = try self.problems(by: "PRAGMA quick_check", of: connection).first {
                return health.refuseWrites("\(self.fileName) is damaged: \(problem)", isOfDamage: true)
            }
            let size = try Int64(
                connection.text(of: "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"))
            if let free = directory.root.freeSpace()?.bytes, let size, free < 2 * size {
                return health.report(
                    "No room to write \(self.fileName) anew with checksums: \(2 * size) bytes are wanted, \(free) are free"
                )
            }
            health.note("Writing \(self.fileName) anew, with checksums: once, after an upgrade")
            try connection.rewrite()
        } catch {
            guard !error.endsWrites else { throw error }
            health.report(
                "The pages of \(self.fileName) have no checksums yet; the next start tries again: \(error.message)")
        }
    }

    /// Writes a database anew, with new checksums, if SQLite finds nothing wrong with it: one that another program has written
    /// to, which knows nothing of them.
    ///
    /// - Parameter directory: The data directory, opened exclusively.
    /// - Returns: What is wrong; then nothing was changed.
    /// - Throws: What failed.
    public static func accept(in directory: DataDirectory) throws -> [String] {
        let connection = try SQLiteConnection(
            path: directory.path(of: self.fileName), role: .rewriter, fileSystem: directory.system.sqliteFileSystem)
        let blobs = try BlobTree.find(BlobStore.directoryName, in: directory.root)
        if let found = try blobs.flatMap({ try IdentityFile(directory: $0).read() }),
            let problem = self.problem(try self.identity(connection), beside: found)
        {
            return ["\(self.fileName) \(problem)"]
        }
        let problems = try self.integrityProblems(of: connection)
        guard problems.isEmpty else { return problems }
        try connection.rewrite()
        if let blobs, try blobs.contains(HistoryMarkWriter.name) { try HistoryMarkWriter.reset(in: blobs) }
        return []
    }
}
