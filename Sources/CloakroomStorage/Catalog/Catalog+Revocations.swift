import CloakroomDomain

extension Catalog {
    /// Notes that a file's URLs are revoked.
    ///
    /// - Parameters:
    ///   - id: The file.
    ///   - organization: Its owner; a file of another is not found.
    ///   - moment: URLs with a date up to then are dead; a later moment that is there already stays.
    /// - Returns: Whether there is such a file.
    /// - Throws: ``StorageError``.
    func revokeURLs(
        of id: FileID, of organization: OrganizationID, upTo moment: Timestamp
    ) async throws(StorageError) -> Bool {
        try await self.writer.write { connection throws(SQLiteError) in
            try connection.statement(
                """
                UPDATE files SET urls_revoked_at = max(coalesce(urls_revoked_at, 0), ?)
                WHERE id = ? AND organization_id = ?
                """
            )
            .bind(moment.secondsSinceEpoch).bind(id.bytes).bind(organization.description).run()
            return connection.changes == 1
        }
    }

    /// Returns the files whose URLs were revoked at a moment or later.
    ///
    /// - Parameter moment: Earlier revocations are left out.
    /// - Returns: The files, each with the time of its last revocation.
    /// - Throws: ``StorageError``.
    func revocations(since moment: Timestamp) throws(StorageError) -> [FileID: Timestamp] {
        try self.readers.read { connection throws(SQLiteError) in
            let row = try connection.statement("SELECT id, urls_revoked_at FROM files WHERE urls_revoked_at >= ?")
                .bind(moment.secondsSinceEpoch)
            defer { row.reset() }
            var revocations: [FileID: Timestamp] = [:]
            while try row.step() {
                if let id = row.blob(0).flatMap({ FileID(bytes: $0) }), let second = row.integer(1) {
                    revocations[id] = Timestamp(secondsSinceEpoch: second)
                }
            }
            return revocations
        }
    }
}
