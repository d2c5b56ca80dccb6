import CloakroomCrypto
package import CloakroomDomain
package import CloakroomStore

extension Catalog {
    /// Adds a pending file, and its organization if it is new.
    package func insert(_ file: FileRecord) async throws(StorageError) {
        guard case .exceedsQuota(let excess) = try await self.insert(file, at: nil) else { return }
        throw .quotaExceeded(excess)
    }

    /// Adds a file, and its organization if it is new, unless it is there already or does not fit.
    func insert(
        _ file: FileRecord, at locator: BlobLocator?, request: IdempotentRequest? = nil
    ) async throws(StorageError) -> InsertOutcome {
        try await self.writer.write { connection throws(SQLiteError) in
            if let request, let earlier = try Self.repetition(of: request, file, connection) { return earlier }
            let owner = try Self.owner(of: file, connection)
            if let owner, let excess = Self.excess(adding: file.declaration.size, to: owner) {
                return .exceedsQuota(excess)
            }
            let added = file.ending(by: owner?.quota.fileLifetime?.end(from: file.createdAt))
            try Self.insert(added, locator, connection)
            if let seal = added.seal {
                try self.note(.ready, of: added.id, added.organization.description, at: seal.uploadedAt, connection)
            }
            if let request { try Self.remember(request, added, connection) }
            return .inserted(added)
        }
    }

    /// Returns a file's organization, `nil` where it is new: then it is added, without a quota.
    private static func owner(
        of file: FileRecord, _ connection: SQLiteConnection
    ) throws(SQLiteError) -> OrganizationRecord? {
        if let owner = try self.organization(file.organization, connection) { return owner }
        try self.ensureOrganization(file.organization, now: file.createdAt, connection)
        return nil
    }

    private static func insert(
        _ file: FileRecord, _ locator: BlobLocator?, _ connection: SQLiteConnection
    ) throws(SQLiteError) {
        try connection.statement(
            """
            INSERT INTO files (id, organization_id, filename, content_type, size_bytes, declared_sha256, created_at,
                upload_expires_at, expires_at, sha256, uploaded_at, locator)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """
        )
        .bind(file.id.bytes).bind(file.organization.description).bind(file.declaration.filename.text)
        .bind(file.declaration.mediaType.text).bind(file.declaration.size.bytes)
        .bind(file.declaration.sha256?.bytes).bind(file.createdAt.secondsSinceEpoch)
        .bind(file.uploadExpiresAt.secondsSinceEpoch).bind(file.expiresAt?.secondsSinceEpoch)
        .bind(file.seal?.sha256.bytes).bind(file.seal?.uploadedAt.secondsSinceEpoch)
        .bind(locator?.bytes).run()
    }

    // MARK: Quotas

    /// Returns why a file does not fit into its organization's quota, if it does not.
    func excess(adding size: ByteCount, to organization: OrganizationID) throws(StorageError) -> Quota.Excess? {
        try self.readers.read { connection throws(SQLiteError) in
            guard let record = try Self.organization(organization, connection) else { return nil }
            return Self.excess(adding: size, to: record)
        }
    }

    private static func excess(adding size: ByteCount, to record: OrganizationRecord) -> Quota.Excess? {
        do throws(Quota.Excess) {
            try record.quota.check(adding: size, to: record.usage)
            return nil
        } catch {
            return error
        }
    }

    // MARK: Idempotency keys

    private static func repetition(
        of request: IdempotentRequest, _ file: FileRecord, _ connection: SQLiteConnection
    ) throws(SQLiteError) -> InsertOutcome? {
        let row = try connection.statement(
            """
            SELECT fingerprint, file_id FROM idempotency_keys WHERE organization_id = ? AND key = ? AND created_at > ?
            """
        )
        .bind(file.organization.description).bind(request.key.text)
        .bind(file.createdAt.secondsSinceEpoch - IdempotencyKey.lifetimeSeconds)
        defer { row.reset() }
        guard try row.step(), let fingerprint = row.blob(0), let id = row.fileID(1) else {
            return nil
        }
        guard fingerprint == request.fingerprint.bytes else { return .keyReused }
        // Before a sweep can take it for abandoned.
        try connection.statement(
            "UPDATE files SET upload_expires_at = max(upload_expires_at, ?) WHERE id = ? AND sha256 IS NULL"
        )
        .bind(file.uploadExpiresAt.secondsSinceEpoch).bind(id.bytes).run()
        return .repeated(id)
    }

    /// Whether a request may be the repetition of an earlier one.
    func hasSeen(_ key: IdempotencyKey, from organization: OrganizationID) throws(StorageError) -> Bool {
        try self.readers.read { connection throws(SQLiteError) in
            try connection.statement("SELECT 1 FROM idempotency_keys WHERE organization_id = ? AND key = ?")
                .bind(organization.description).bind(key.text).hasRow()
        }
    }

    private static func remember(
        _ request: IdempotentRequest, _ file: FileRecord, _ connection: SQLiteConnection
    ) throws(SQLiteError) {
        try connection.statement(
            """
            INSERT OR REPLACE INTO idempotency_keys (organization_id, key, fingerprint, file_id, created_at)
            VALUES (?, ?, ?, ?, ?)
            """
        )
        .bind(file.organization.description).bind(request.key.text).bind(request.fingerprint.bytes)
        .bind(file.id.bytes).bind(file.createdAt.secondsSinceEpoch).run()
    }

    /// Forgets idempotency keys whose time is over.
    func forgetIdempotencyKeys(now: Timestamp, limit: Int) async throws(StorageError) -> Int {
        let end = now.secondsSinceEpoch - IdempotencyKey.lifetimeSeconds
        // Mostly there is nothing to do, and then nothing is written.
        let isDue = try self.readers.read { connection throws(SQLiteError) in
            try connection.statement("SELECT 1 FROM idempotency_keys WHERE created_at <= ? LIMIT 1").bind(end).hasRow()
        }
        guard isDue else { return 0 }
        return try await self.writer.write { connection throws(SQLiteError) in
            try connection.statement(
                """
                DELETE FROM idempotency_keys WHERE (organization_id, key) IN (
                    SELECT organization_id, key FROM idempotency_keys WHERE created_at <= ? LIMIT ?)
                """
            ).bind(end).bind(Int64(limit)).run()
            return Int(connection.changes)
        }
    }
}
