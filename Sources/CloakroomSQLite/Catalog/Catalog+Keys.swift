import CSQLite
package import CloakroomCrypto
package import CloakroomDomain
package import CloakroomStore

extension Catalog {
    /// Adds an API key, and its organization if that is new, unless the key to be replaced is no longer accepted.
    package func insert(
        _ key: APIKeyRecord, digest: SHA256Digest, replacing replacement: KeyReplacement? = nil
    ) async throws(StorageError) -> Bool {
        try await self.writer.write { connection throws(SQLiteError) in
            if let replacement {
                let isReplaced = try Self.end(replacement.id, at: replacement.expiresAt, now: key.createdAt, connection)
                guard isReplaced else { return false }
            }
            var owner: String?
            if case .organization(let organization) = key.scope {
                try Self.ensureOrganization(organization, now: key.createdAt, connection)
                owner = organization.description
            }
            try connection.statement(
                """
                INSERT INTO api_keys (id, digest, organization_id, name, visible_prefix, permissions, created_at)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """
            )
            .bind(key.id.description).bind(digest.bytes).bind(owner).bind(key.name).bind(key.visiblePrefix)
            .bind(key.permissions.map(\.rawValue).sorted().joined(separator: " "))
            .bind(key.createdAt.secondsSinceEpoch).run()
            return true
        }
    }

    /// Ends a key that is accepted; an end that it has already is not put off.
    private static func end(
        _ id: APIKeyID, at end: Timestamp, now: Timestamp, _ connection: SQLiteConnection
    ) throws(SQLiteError) -> Bool {
        try connection.statement(
            """
            UPDATE api_keys SET expires_at = min(coalesce(expires_at, ?1), ?1),
                revoked_at = CASE WHEN ?1 <= ?2 THEN ?2 END
            WHERE id = ?3 AND revoked_at IS NULL AND coalesce(expires_at, ?2 + 1) > ?2
            """
        )
        .bind(end.secondsSinceEpoch).bind(now.secondsSinceEpoch).bind(id.description).run()
        return connection.changes == 1
    }

    /// Returns the key of a digest, revoked or not.
    package func apiKey(digest: SHA256Digest) throws(StorageError) -> APIKeyRecord? {
        try self.readers.read { connection throws(SQLiteError) in
            try connection.statement(
                """
                SELECT id, organization_id, name, visible_prefix, permissions, created_at, last_used_at, revoked_at,
                    expires_at
                FROM api_keys WHERE digest = ?
                """
            ).bind(digest.bytes).first(Self.decodeKey)
        }
    }

    /// Returns keys, oldest first; with `nil` every key there is, those of gateways too.
    package func apiKeys(of organization: OrganizationID? = nil) throws(StorageError) -> [APIKeyRecord] {
        try self.readers.read { connection throws(SQLiteError) in
            if let organization {
                return try connection.statement(
                    """
                    SELECT id, organization_id, name, visible_prefix, permissions, created_at, last_used_at, revoked_at,
                        expires_at FROM api_keys WHERE organization_id = ? ORDER BY created_at, id
                    """
                ).bind(organization.description).all(Self.decodeKey)
            }
            return try connection.statement(
                """
                SELECT id, organization_id, name, visible_prefix, permissions, created_at, last_used_at, revoked_at,
                    expires_at FROM api_keys ORDER BY created_at, id
                """
            ).all(Self.decodeKey)
        }
    }

    /// Returns a key by its id, revoked or not.
    func apiKey(_ id: APIKeyID) throws(StorageError) -> APIKeyRecord? {
        try self.readers.read { connection throws(SQLiteError) in
            try connection.statement(
                """
                SELECT id, organization_id, name, visible_prefix, permissions, created_at, last_used_at, revoked_at,
                    expires_at FROM api_keys WHERE id = ?
                """
            ).bind(id.description).first(Self.decodeKey)
        }
    }

    /// Revokes a key for good, and returns whether there is such a key; revoking one twice keeps the first time.
    package func revoke(
        _ id: APIKeyID, of organization: OrganizationID?, now: Timestamp
    ) async throws(StorageError) -> Bool {
        try await self.writer.write { connection throws(SQLiteError) in
            try connection.statement(
                """
                UPDATE api_keys SET revoked_at = coalesce(revoked_at, ?1)
                WHERE id = ?2 AND (?3 IS NULL OR organization_id = ?3)
                """
            )
            .bind(now.secondsSinceEpoch).bind(id.description).bind(organization?.description).run()
            return connection.changes == 1
        }
    }

    /// Notes a key's use, to the hour.
    package func noteUse(of id: APIKeyID, now: Timestamp) async throws(StorageError) {
        let hour = now.secondsSinceEpoch - now.secondsSinceEpoch % 3_600
        try await self.writer.write { connection throws(SQLiteError) in
            try connection.statement(
                "UPDATE api_keys SET last_used_at = max(coalesce(last_used_at, 0), ?) WHERE id = ?"
            )
            .bind(hour).bind(id.description).run()
        }
    }

    private static func decodeKey(_ row: SQLiteStatement) throws(SQLiteError) -> APIKeyRecord {
        guard let id = row.text(0).flatMap({ APIKeyID($0) }), let name = row.text(2), let prefix = row.text(3),
            let permissions = row.text(4), let createdAt = row.timestamp(5)
        else { throw SQLiteError(code: SQLITE_CORRUPT, message: "a row of api_keys is malformed") }
        var scope = APIKeyRecord.Scope.gateway
        if let owner = row.text(1) {
            guard let organization = OrganizationID(owner) else {
                throw SQLiteError(code: SQLITE_CORRUPT, message: "a row of api_keys is malformed")
            }
            scope = .organization(organization)
        }
        return APIKeyRecord(
            id: id, scope: scope, name: name, visiblePrefix: prefix,
            permissions: Set(permissions.split(separator: " ").compactMap { Permission(rawValue: String($0)) }),
            createdAt: createdAt, lastUsedAt: row.timestamp(6), expiresAt: row.timestamp(8), revokedAt: row.timestamp(7)
        )
    }
}
