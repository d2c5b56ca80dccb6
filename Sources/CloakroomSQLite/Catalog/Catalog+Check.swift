import CSQLite
package import CloakroomDomain
package import CloakroomStore

/// What a check of the whole store asks, and corrects.
extension Catalog {
    /// Holds the database to its pages' checksums, to SQLite's own rules, and to the references between its tables, and
    /// returns what is wrong, mostly in SQLite's words.
    package func integrityProblems() throws(StorageError) -> [String] {
        try self.readers.read { connection throws(SQLiteError) in try Self.integrityProblems(of: connection) }
    }

    static func integrityProblems(of connection: SQLiteConnection) throws(SQLiteError) -> [String] {
        let problems = try self.problems(by: "PRAGMA integrity_check", of: connection)
        guard problems.isEmpty else { return problems }
        return try self.problems(
            by: """
                SELECT 'a row of ' || "table" || ' refers to no row of ' || parent FROM pragma_foreign_key_check
                """, of: connection)
    }

    /// Looks through all of the database by a connection of its own, and rejects writes where it is damaged: what
    /// nobody has read yet may be wrong, too.
    package func examineDatabase(_ connection: SQLiteConnection) throws(StorageError) {
        // It reads every page that is in use, from the disk or from the kernel's page cache, and leaves out whether
        // indexes fit their tables.
        do throws(SQLiteError) {
            guard let first = try Self.problems(by: "PRAGMA quick_check", of: connection).first else { return }
            // A disk that does not give a page is no damage.
            if let failure = Self.failure(in: first), !failure.isCorruption { throw failure }
            self.health.rejectWrites("\(Self.fileName) is damaged: \(first)", isOfDamage: true)
        } catch {
            guard error.primaryCode != SQLITE_INTERRUPT else { return }
            throw error.storageError
        }
    }

    /// Returns why a page could not be had, where that is what SQLite's check says.
    static func failure(in problem: String) -> SQLiteError? {
        problem.firstMatch(of: /error code=(\d+)/).flatMap { Int32($0.output.1) }
            .map { SQLiteError(code: $0, message: problem) }
    }

    /// Returns the texts that a query has, and what stops it where the database is damaged.
    static func problems(
        by query: String, of connection: SQLiteConnection
    ) throws(SQLiteError) -> [String] {
        var problems: [String] = []
        do throws(SQLiteError) {
            let rows = try SQLiteStatement(connection.handle, sql: query)
            while try rows.step() {
                if let text = rows.text(0), text != "ok" { problems.append(text) }
            }
        } catch {
            guard error.isCorruption else { throw error }
            problems.append("SQLite \(error.code): \(error.message)")
        }
        // As SQLite's check says it, in several lines.
        return problems.map { problem in
            problem.replacing("*** in database main ***\n", with: "")
                .replacing(
                    "unable to get the page. error code=\(ChecksummedFile.damaged)", with: "its checksum is wrong"
                )
                .replacing("\n", with: "; ")
        }
    }

    /// An organization whose usage is not the sum of its files.
    package struct WrongUsage: Hashable, Sendable {
        package let organization: OrganizationID
        package let noted: Quota.Usage
        package let found: Quota.Usage
    }

    /// Returns organizations whose usage is not the sum of their files, as of one moment, in the order of their ids.
    package func wrongUsages() throws(StorageError) -> [WrongUsage] {
        try self.readers.read { connection throws(SQLiteError) in
            try connection.statement(
                """
                SELECT o.id, o.used_files, o.used_bytes, coalesce(f.files, 0), coalesce(f.bytes, 0)
                FROM organizations o LEFT JOIN (
                    SELECT organization_id, count(*) AS files, sum(size_bytes) AS bytes FROM files
                    GROUP BY organization_id
                ) f ON f.organization_id = o.id
                WHERE (o.used_files, o.used_bytes) <> (coalesce(f.files, 0), coalesce(f.bytes, 0)) ORDER BY o.id
                """
            ).all { row in
                row.text(0).flatMap { OrganizationID($0) }.map { id in
                    WrongUsage(
                        organization: id, noted: .init(files: row.integer(1) ?? 0, bytes: row.integer(2) ?? 0),
                        found: .init(files: row.integer(3) ?? 0, bytes: row.integer(4) ?? 0))
                }
            }
        }
    }

    /// Makes an organization's usage the sum of its files.
    package func correctUsage(of id: OrganizationID) async throws(StorageError) {
        try await self.writer.write { connection throws(SQLiteError) in
            try connection.statement(
                """
                UPDATE organizations SET (used_files, used_bytes) =
                    (SELECT count(*), coalesce(sum(size_bytes), 0) FROM files WHERE organization_id = ?1)
                WHERE id = ?1
                """
            ).bind(id.description).run()
        }
    }
}
