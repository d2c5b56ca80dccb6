public import CloakroomCrypto
public import CloakroomDomain

extension Catalog {
    /// What became of an attempt to seal.
    public enum SealOutcome: Hashable, Sendable {
        /// The row now says ready.
        case sealed
        /// It had been sealed before, with this digest.
        case alreadySealed(SHA256Digest)
        /// There is no such row (any more), or the file has ended.
        case missing
        /// It is pending and waits for other bytes, those of this digest.
        case otherDeclared(SHA256Digest)
    }

    /// Marks a pending file ready, unless it has ended by the time of the seal.
    ///
    /// - Parameters:
    ///   - id: The file.
    ///   - seal: The digest of the bytes, which are on disk, and the time.
    ///   - slot: Where they are packed, if they are.
    /// - Returns: What became of the row.
    /// - Throws: ``StorageError``.
    func seal(
        _ id: FileID, _ seal: FileRecord.Seal, at slot: PackSlot? = nil
    ) async throws(StorageError) -> SealOutcome {
        let outcome = await withCheckedContinuation { continuation in
            self.seal(id, seal, at: slot) { continuation.resume(returning: $0) }
        }
        return try outcome.get()
    }

    /// Marks a pending file ready, and reports what became of the row.
    ///
    /// A slot says what the row will, and is durable: its row is committed without a flush.
    ///
    /// - Parameters:
    ///   - id: The file.
    ///   - seal: The digest of the bytes, which are on disk, and the time.
    ///   - slot: Where they are packed, if they are.
    ///   - completion: Called once, on a thread that it must not hold up.
    func seal(
        _ id: FileID, _ seal: FileRecord.Seal, at slot: PackSlot?,
        completion: @escaping @Sendable (Result<SealOutcome, StorageError>) -> Void
    ) {
        self.writer.write(
            isDurableElsewhere: slot != nil,
            { connection throws(SQLiteError) in try Self.seal(id, seal, slot, connection) }, completion: completion)
    }

    private static func seal(
        _ id: FileID, _ seal: FileRecord.Seal, _ slot: PackSlot?, _ connection: SQLiteConnection
    ) throws(SQLiteError) -> SealOutcome {
        try connection.statement(
            """
            UPDATE files SET sha256 = ?1, uploaded_at = ?2, pack = ?3, pack_offset = ?4
            WHERE id = ?5 AND sha256 IS NULL AND (expires_at IS NULL OR expires_at > ?2)
                AND (declared_sha256 IS NULL OR declared_sha256 = ?1)
            """
        )
        .bind(seal.sha256.bytes).bind(seal.uploadedAt.secondsSinceEpoch).bind(slot?.pack.number).bind(slot?.offset)
        .bind(id.bytes).run()
        if connection.changes == 1 { return .sealed }
        let row = try connection.statement(
            "SELECT sha256, declared_sha256 FROM files WHERE id = ? AND (expires_at IS NULL OR expires_at > ?)"
        ).bind(id.bytes).bind(seal.uploadedAt.secondsSinceEpoch)
        defer { row.reset() }
        guard try row.step() else { return .missing }
        if let digest = row.blob(0).flatMap({ SHA256Digest(bytes: $0) }) { return .alreadySealed(digest) }
        guard let declared = row.blob(1).flatMap({ SHA256Digest(bytes: $0) }) else { return .missing }
        return .otherDeclared(declared)
    }

    /// Returns a file of any organization, also one that has ended.
    ///
    /// - Parameter id: The file.
    /// - Returns: A file of any organization.
    /// - Throws: ``StorageError``.
    public func file(_ id: FileID) throws(StorageError) -> FileRecord? {
        try self.readers.read { connection throws(SQLiteError) in
            let row = try connection.statement(
                """
                SELECT id, organization_id, filename, content_type, size_bytes, declared_sha256, created_at,
                    upload_expires_at, sha256, uploaded_at, urls_revoked_at, expires_at FROM files WHERE id = ?
                """
            ).bind(id.bytes)
            defer { row.reset() }
            return try row.step() ? try FileRow.decode(row) : nil
        }
    }

    /// Returns an organization's file, unless it has ended.
    ///
    /// Another's, and one that has ended, takes the same path as one that does not exist.
    ///
    /// - Parameters:
    ///   - id: The file.
    ///   - organization: Its owner.
    ///   - now: The current time.
    /// - Returns: The file; `nil` where the organization has none such that has not ended.
    /// - Throws: ``StorageError``.
    public func file(
        _ id: FileID, of organization: OrganizationID, now: Timestamp
    ) throws(StorageError) -> FileRecord? {
        try self.readers.read { connection throws(SQLiteError) in
            try Self.file(id, of: organization, now: now, connection)
        }
    }

    /// Returns those of some files that are an organization's and ready, as they were at one moment.
    ///
    /// SQLite looks at all that decides: a file that is not there takes as long as one that is pending, another's, or
    /// has ended.
    ///
    /// - Parameters:
    ///   - ids: Any files.
    ///   - organization: Whose are returned.
    ///   - now: The current time.
    /// - Returns: The files, in the order of the ids.
    /// - Throws: ``StorageError``.
    func readyFiles(
        _ ids: [FileID], of organization: OrganizationID, now: Timestamp
    ) throws(StorageError) -> [FileRecord] {
        try (ids.count == 1 ? self.readers : self.lookupReaders).read { connection throws(SQLiteError) in
            // One transaction: one lock, and one state of the catalogue.
            try connection.execute("BEGIN")
            defer { try? connection.execute("COMMIT") }
            let row = try connection.statement(
                """
                SELECT id, organization_id, filename, content_type, size_bytes, declared_sha256, created_at,
                    upload_expires_at, sha256, uploaded_at, urls_revoked_at, expires_at FROM files
                WHERE id = ? AND organization_id = ? AND sha256 IS NOT NULL AND (expires_at IS NULL OR expires_at > ?)
                """)
            defer { row.reset() }
            var files: [FileRecord] = []
            for id in ids {
                row.reset()
                row.bind(id.bytes).bind(organization.description).bind(now.secondsSinceEpoch)
                if try row.step() { files.append(try FileRow.decode(row)) }
            }
            return files
        }
    }

    static func file(
        _ id: FileID, of organization: OrganizationID, now: Timestamp, _ connection: SQLiteConnection
    ) throws(SQLiteError) -> FileRecord? {
        let row = try connection.statement(
            """
            SELECT id, organization_id, filename, content_type, size_bytes, declared_sha256, created_at,
                upload_expires_at, sha256, uploaded_at, urls_revoked_at, expires_at FROM files
            WHERE id = ? AND organization_id = ? AND (expires_at IS NULL OR expires_at > ?)
            """
        ).bind(id.bytes).bind(organization.description).bind(now.secondsSinceEpoch)
        defer { row.reset() }
        return try row.step() ? try FileRow.decode(row) : nil
    }

    /// Notes that a file's bytes are not packed any more.
    ///
    /// - Parameter id: The file, which has a file of its own on the disk.
    /// - Throws: ``StorageError``.
    func unpack(_ id: FileID) async throws(StorageError) {
        try await self.writer.write { connection throws(SQLiteError) in
            try connection.statement("UPDATE files SET pack = NULL, pack_offset = NULL WHERE id = ?").bind(id.bytes)
                .run()
        }
    }

    /// What became of an attempt to let an upload URL be made anew.
    public enum RenewalOutcome: Hashable, Sendable {
        /// The file is pending and takes uploads until then.
        case renewed
        /// It is ready.
        case alreadySealed
        /// The organization has no such file that has not ended.
        case missing
    }

    /// Puts off the end of a pending file's upload.
    ///
    /// - Parameters:
    ///   - id: The file.
    ///   - organization: Its owner.
    ///   - expiresAt: When the new URL ends.
    ///   - now: The current time.
    /// - Returns: What became of the row.
    /// - Throws: ``StorageError``.
    func renewUpload(
        _ id: FileID, of organization: OrganizationID, until expiresAt: Timestamp, now: Timestamp
    ) async throws(StorageError) -> RenewalOutcome {
        try await self.writer.write { connection throws(SQLiteError) in
            try connection.statement(
                """
                UPDATE files SET upload_expires_at = max(upload_expires_at, ?)
                WHERE id = ? AND organization_id = ? AND sha256 IS NULL AND (expires_at IS NULL OR expires_at > ?)
                """
            )
            .bind(expiresAt.secondsSinceEpoch).bind(id.bytes).bind(organization.description)
            .bind(now.secondsSinceEpoch).run()
            if connection.changes == 1 { return .renewed }
            return try Self.file(id, of: organization, now: now, connection) == nil ? .missing : .alreadySealed
        }
    }
}
