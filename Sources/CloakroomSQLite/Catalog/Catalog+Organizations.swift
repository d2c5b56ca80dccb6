import CSQLite
package import CloakroomDomain
package import CloakroomStore

extension Catalog {
    static func ensureOrganization(
        _ organization: OrganizationID, now: Timestamp, _ connection: SQLiteConnection
    ) throws(SQLiteError) {
        try connection.statement("INSERT OR IGNORE INTO organizations (id, created_at) VALUES (?, ?)")
            .bind(organization.description).bind(now.secondsSinceEpoch).run()
    }

    /// Returns every organization, in the order of their ids.
    package func organizations() throws(StorageError) -> [OrganizationRecord] {
        try self.readers.read { connection throws(SQLiteError) in
            try connection.statement(
                """
                SELECT id, created_at, max_files, max_bytes, used_files, used_bytes, expires_after_seconds
                FROM organizations ORDER BY id
                """
            ).all(Self.decodeOrganization)
        }
    }

    static func organization(
        _ id: OrganizationID, _ connection: SQLiteConnection
    ) throws(SQLiteError) -> OrganizationRecord? {
        try connection.statement(
            """
            SELECT id, created_at, max_files, max_bytes, used_files, used_bytes, expires_after_seconds
            FROM organizations WHERE id = ?
            """
        ).bind(id.description).first(Self.decodeOrganization)
    }

    /// Changes how much an organization may keep and for how long, and adds it if it is new; what it keeps already
    /// stays, and ends when it would have.
    package func changeQuota(
        of id: OrganizationID, now: Timestamp, _ change: @escaping @Sendable (inout Quota) -> Void
    ) async throws(StorageError) {
        try await self.writer.write { connection throws(SQLiteError) in
            try Self.ensureOrganization(id, now: now, connection)
            var quota = try Self.organization(id, connection)?.quota ?? Quota()
            change(&quota)
            try connection.statement(
                "UPDATE organizations SET max_files = ?, max_bytes = ?, expires_after_seconds = ? WHERE id = ?"
            )
            .bind(quota.maximumFiles).bind(quota.maximumBytes).bind(quota.fileLifetime?.seconds)
            .bind(id.description).run()
        }
    }

    private static func decodeOrganization(_ row: SQLiteStatement) throws(SQLiteError) -> OrganizationRecord {
        guard let id = row.text(0).flatMap({ OrganizationID($0) }), let createdAt = row.timestamp(1),
            let files = row.integer(4), let bytes = row.integer(5)
        else { throw SQLiteError(code: SQLITE_CORRUPT, message: "a row of organizations is malformed") }
        return OrganizationRecord(
            id: id, createdAt: createdAt,
            quota: Quota(
                maximumFiles: row.integer(2), maximumBytes: row.integer(3),
                fileLifetime: row.integer(6).flatMap { FileLifetime(seconds: $0) }),
            usage: .init(files: files, bytes: bytes))
    }
}
