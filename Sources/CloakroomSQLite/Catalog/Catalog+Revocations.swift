import CloakroomDomain
import CloakroomStore

extension Catalog {
    /// Notes that a file's URLs are revoked, if the last revocation was before now.
    func revokeURLs(
        of id: FileID, of organization: OrganizationID, now: Timestamp
    ) async throws(StorageError) -> RevocationOutcome {
        try await self.writer.write { connection throws(SQLiteError) in
            guard let file = try Self.file(id, of: organization, now: now, connection) else { return .missing }
            if let moment = file.urlsRevokedAt, moment >= now { return .revokedBefore(moment) }
            try connection.statement("UPDATE files SET urls_revoked_at = ? WHERE id = ?")
                .bind(now.secondsSinceEpoch).bind(id.bytes).run()
            try self.note(.urlsRevoked, of: id, organization.description, at: now, connection)
            return .revoked
        }
    }

    /// Returns the files whose URLs were revoked at a moment or later.
    func revocations(since moment: Timestamp) throws(StorageError) -> [FileID: Timestamp] {
        try self.readers.read { connection throws(SQLiteError) in
            let row = try connection.statement("SELECT id, urls_revoked_at FROM files WHERE urls_revoked_at >= ?")
                .bind(moment.secondsSinceEpoch)
            defer { row.reset() }
            var revocations: [FileID: Timestamp] = [:]
            while try row.step() {
                if let id = row.fileID(0) { revocations[id] = row.timestamp(1) }
            }
            return revocations
        }
    }
}
