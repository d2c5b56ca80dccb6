import CloakroomDomain
import CloakroomStore

/// Keys that nobody has seen.
extension Catalog {
    /// Revokes a key that took the place of another, and gives the other its end back, with one commit.
    func undoReplacement(of old: APIKeyRecord, by new: APIKeyID, now: Timestamp) async throws(StorageError) {
        try await self.writer.write { connection throws(SQLiteError) in
            try connection.statement("UPDATE api_keys SET revoked_at = coalesce(revoked_at, ?1) WHERE id = ?2")
                .bind(now.secondsSinceEpoch).bind(new.description).run()
            // A revocation by somebody else stays, unless it came in the same second as the replacement's own.
            try connection.statement(
                "UPDATE api_keys SET expires_at = ?1, revoked_at = NULL WHERE id = ?2 AND coalesce(revoked_at, ?3) = ?3"
            )
            .bind(old.expiresAt?.secondsSinceEpoch).bind(old.id.description).bind(now.secondsSinceEpoch).run()
        }
    }

    /// Removes a key that was never used.
    func removeUnused(_ id: APIKeyID) async throws(StorageError) {
        try await self.writer.write { connection throws(SQLiteError) in
            try connection.statement("DELETE FROM api_keys WHERE id = ? AND last_used_at IS NULL")
                .bind(id.description).run()
        }
    }
}
