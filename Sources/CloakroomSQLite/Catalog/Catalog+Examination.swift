import CloakroomCrypto
package import CloakroomDomain
package import CloakroomStore

/// What an examination of blobs asks.
extension Catalog {
    /// Returns ready files of any organization, in the order of their ids, also those that have ended.
    package func sealedFiles(after id: FileID?, limit: Int) throws(StorageError) -> [SealedFile] {
        try self.readers.read { connection throws(SQLiteError) in
            try connection.statement(
                """
                SELECT id, size_bytes, sha256, uploaded_at, locator FROM files
                WHERE id > ? AND sha256 IS NOT NULL ORDER BY id LIMIT ?
                """
            ).bind(Self.cursor(after: id)).bind(Int64(limit)).all(SealedFile.init)
        }
    }

    /// What ids are compared with: one byte is less than any 16.
    package static func cursor(after id: FileID?) -> [UInt8] { id?.bytes ?? [0] }

    /// Returns a ready file of any organization, also one that has ended.
    package func sealedFile(_ id: FileID) throws(StorageError) -> SealedFile? {
        try self.readers.read { connection throws(SQLiteError) in
            try connection.statement(
                """
                SELECT id, size_bytes, sha256, uploaded_at, locator FROM files
                WHERE id = ? AND sha256 IS NOT NULL
                """
            ).bind(id.bytes).first(SealedFile.init)
        }
    }

    /// Turns the row of a damaged file back into a pending one, which takes the same bytes and no others; `false` where
    /// the row is not what it was when they were looked at.
    package func markDamaged(_ file: SealedFile, uploadUntil end: Timestamp, now: Timestamp) async throws(StorageError)
        -> Bool
    {
        try await self.writer.write { connection throws(SQLiteError) in
            let damaged = try connection.statement(
                """
                UPDATE files SET sha256 = NULL, uploaded_at = NULL, locator = NULL,
                    declared_sha256 = ?1, upload_expires_at = max(upload_expires_at, ?2)
                WHERE id = ?3 AND sha256 = ?1 AND uploaded_at = ?4 AND locator IS ?5
                RETURNING organization_id
                """
            )
            .bind(file.seal.sha256.bytes).bind(end.secondsSinceEpoch).bind(file.id.bytes)
            .bind(file.seal.uploadedAt.secondsSinceEpoch).bind(file.locator?.bytes)
            guard let organization = try damaged.first({ $0.text(0) }) else { return false }
            try self.note(.damaged, of: file.id, organization, at: now, connection)
            return true
        }
    }

    /// Returns those of some files that have neither a row nor a tombstone, in the order of the ids.
    package func unknownFiles(_ ids: [FileID]) throws(StorageError) -> [FileID] {
        try self.readers.read { connection throws(SQLiteError) in
            let row = try connection.statement(
                """
                SELECT EXISTS (SELECT 1 FROM files WHERE id = ?1)
                    OR EXISTS (SELECT 1 FROM deleted_files WHERE id = ?1)
                """)
            defer { row.reset() }
            var unknown: [FileID] = []
            for id in ids {
                row.reset()
                row.bind(id.bytes)
                if try row.step(), row.integer(0) == 0 { unknown.append(id) }
            }
            return unknown
        }
    }
}
