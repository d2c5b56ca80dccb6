import CloakroomDomain

extension Catalog {
    /// Notes that a file's URLs are revoked.
    ///
    /// A URL that was minted since the last revocation may be dated a second ahead of the clock: the moment moves on by
    /// at least a second.
    ///
    /// - Parameters:
    ///   - id: The file.
    ///   - organization: Its owner; a file of another is not found.
    ///   - now: The time of revocation.
    /// - Returns: The moment up to which URLs are dead, or `nil` where there is no such file.
    /// - Throws: ``StorageError``.
    func revokeURLs(
        of id: FileID, of organization: OrganizationID, now: Timestamp
    ) async throws(StorageError) -> Timestamp? {
        try await self.writer.write { connection throws(SQLiteError) in
            let row = try connection.statement(
                """
                UPDATE files SET urls_revoked_at = max(coalesce(urls_revoked_at + 1, 0), ?)
                WHERE id = ? AND organization_id = ? RETURNING urls_revoked_at
                """
            )
            .bind(now.secondsSinceEpoch).bind(id.bytes).bind(organization.description)
            defer { row.reset() }
            return try row.step() ? row.integer(0).map { Timestamp(secondsSinceEpoch: $0) } : nil
        }
    }

    /// Returns the files whose URLs were revoked after a moment.
    ///
    /// - Parameter moment: Earlier revocations are left out.
    /// - Returns: The files, each with the time of its last revocation.
    /// - Throws: ``StorageError``.
    func revocations(after moment: Timestamp) throws(StorageError) -> [FileID: Timestamp] {
        try self.readers.read { connection throws(SQLiteError) in
            let row = try connection.statement("SELECT id, urls_revoked_at FROM files WHERE urls_revoked_at > ?")
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
