public import CloakroomCrypto
public import CloakroomDomain
import CSQLite

extension Catalog {
    /// Adds an API key, and its organization if that is new.
    ///
    /// - Parameters:
    ///   - key: The key without its secret.
    ///   - digest: The SHA-256 of the secret.
    ///   - replaced: The key that is revoked with the same commit, if any.
    /// - Throws: ``StorageError``.
    public func insert(
        _ key: APIKeyRecord, digest: SHA256Digest, revoking replaced: APIKeyID? = nil
    ) async throws(StorageError) {
        try await self.writer.write { connection throws(SQLiteError) in
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
            guard let replaced else { return }
            try connection.statement("UPDATE api_keys SET revoked_at = coalesce(revoked_at, ?) WHERE id = ?")
                .bind(key.createdAt.secondsSinceEpoch).bind(replaced.description).run()
        }
    }

    /// Returns the key of a digest, revoked or not.
    ///
    /// - Parameter digest: The SHA-256 of the secret that a client presented.
    /// - Returns: The key of a digest, revoked or not.
    /// - Throws: ``StorageError``.
    public func apiKey(digest: SHA256Digest) throws(StorageError) -> APIKeyRecord? {
        try self.readers.read { connection throws(SQLiteError) in
            let row = try connection.statement(
                """
                SELECT id, organization_id, name, visible_prefix, permissions, created_at, last_used_at, revoked_at
                FROM api_keys WHERE digest = ?
                """
            ).bind(digest.bytes)
            defer { row.reset() }
            return try row.step() ? try Self.decodeKey(row) : nil
        }
    }

    /// Returns every key, oldest first.
    public func apiKeys() throws(StorageError) -> [APIKeyRecord] {
        try self.readers.read { connection throws(SQLiteError) in
            let row = try connection.statement(
                """
                SELECT id, organization_id, name, visible_prefix, permissions, created_at, last_used_at, revoked_at
                FROM api_keys ORDER BY created_at, id
                """)
            defer { row.reset() }
            var keys: [APIKeyRecord] = []
            while try row.step() { keys.append(try Self.decodeKey(row)) }
            return keys
        }
    }

    /// Revokes a key for good.
    ///
    /// - Parameters:
    ///   - id: The key.
    ///   - now: The time of revocation.
    /// - Returns: Whether there is such a key; revoking one twice keeps the first time.
    /// - Throws: ``StorageError``.
    public func revoke(_ id: APIKeyID, now: Timestamp) async throws(StorageError) -> Bool {
        try await self.writer.write { connection throws(SQLiteError) in
            try connection.statement("UPDATE api_keys SET revoked_at = coalesce(revoked_at, ?) WHERE id = ?")
                .bind(now.secondsSinceEpoch).bind(id.description).run()
            return connection.changes == 1
        }
    }

    /// Notes a key's use, to the hour.
    ///
    /// - Parameters:
    ///   - id: The key.
    ///   - now: The time of use.
    /// - Throws: ``StorageError``.
    public func noteUse(of id: APIKeyID, now: Timestamp) async throws(StorageError) {
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
            let permissions = row.text(4), let createdAt = row.integer(5)
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
            createdAt: Timestamp(secondsSinceEpoch: createdAt),
            lastUsedAt: row.integer(6).map { Timestamp(secondsSinceEpoch: $0) },
            revokedAt: row.integer(7).map { Timestamp(secondsSinceEpoch: $0) })
    }
}
