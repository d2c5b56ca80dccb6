public import CloakroomCrypto
public import CloakroomDomain

extension Catalog {
    /// What became of an attempt to seal.
    public enum SealOutcome: Hashable, Sendable {
        /// The row now says ready.
        case sealed
        /// It had been sealed before, with this digest.
        case alreadySealed(SHA256Digest)
        /// There is no such row (any more).
        case missing
    }

    /// Marks a pending file ready.
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
            UPDATE files SET sha256 = ?, uploaded_at = ?, pack = ?, pack_offset = ?
            WHERE id = ? AND sha256 IS NULL
            """
        )
        .bind(seal.sha256.bytes).bind(seal.uploadedAt.secondsSinceEpoch).bind(slot?.pack.number).bind(slot?.offset)
        .bind(id.bytes).run()
        if connection.changes == 1 { return .sealed }
        let row = try connection.statement("SELECT sha256 FROM files WHERE id = ?").bind(id.bytes)
        defer { row.reset() }
        guard try row.step(), let digest = row.blob(0).flatMap({ SHA256Digest(bytes: $0) }) else { return .missing }
        return .alreadySealed(digest)
    }

    /// Returns where a file's bytes are packed, if they are.
    ///
    /// - Parameter id: The file, of any organization.
    /// - Returns: Where a file's bytes are packed, if they are.
    /// - Throws: ``StorageError``.
    func slot(_ id: FileID) throws(StorageError) -> PackSlot? {
        try self.readers.read { connection throws(SQLiteError) in
            let row = try connection.statement(
                "SELECT pack, pack_offset, size_bytes FROM files WHERE id = ? AND pack IS NOT NULL"
            ).bind(id.bytes)
            defer { row.reset() }
            return try row.step() ? try PackSlot(row, from: 0) : nil
        }
    }

    /// Whether a row refers to a part of a pack; looks through all rows.
    ///
    /// - Parameters:
    ///   - pack: The pack.
    ///   - offset: Where the part begins; it goes up to the pack's end.
    /// - Returns: Whether a ready file's bytes begin there.
    /// - Throws: ``StorageError``.
    func hasSlots(in pack: PackID, from offset: Int64) throws(StorageError) -> Bool {
        try self.readers.read { connection throws(SQLiteError) in
            let row = try connection.statement("SELECT 1 FROM files WHERE pack = ? AND pack_offset >= ? LIMIT 1")
                .bind(pack.number).bind(offset)
            defer { row.reset() }
            return try row.step()
        }
    }

    /// Returns a file of any organization.
    ///
    /// - Parameter id: The file.
    /// - Returns: A file of any organization.
    /// - Throws: ``StorageError``.
    public func file(_ id: FileID) throws(StorageError) -> FileRecord? {
        try self.readers.read { connection throws(SQLiteError) in
            let row = try connection.statement(
                """
                SELECT id, organization_id, filename, content_type, size_bytes, declared_sha256, created_at,
                    upload_expires_at, sha256, uploaded_at, urls_revoked_at FROM files WHERE id = ?
                """
            ).bind(id.bytes)
            defer { row.reset() }
            return try row.step() ? try FileRow.decode(row) : nil
        }
    }

    /// Returns an organization's file; another's takes the same path as one that does not exist.
    ///
    /// - Parameters:
    ///   - id: The file.
    ///   - organization: Its owner.
    /// - Returns: An organization's file; another's takes the same path as one that does not exist.
    /// - Throws: ``StorageError``.
    public func file(_ id: FileID, of organization: OrganizationID) throws(StorageError) -> FileRecord? {
        try self.readers.read { connection throws(SQLiteError) in
            try Self.file(id, of: organization, connection)
        }
    }

    /// Returns those of some files that are an organization's and ready, as they were at one moment.
    ///
    /// SQLite looks at all that decides: a file that is not there takes as long as one that is pending or another's.
    ///
    /// - Parameters:
    ///   - ids: Any files.
    ///   - organization: Whose are returned.
    /// - Returns: The files, in the order of the ids.
    /// - Throws: ``StorageError``.
    func readyFiles(_ ids: [FileID], of organization: OrganizationID) throws(StorageError) -> [FileRecord] {
        try (ids.count == 1 ? self.readers : self.lookupReaders).read { connection throws(SQLiteError) in
            // One transaction: one lock, and one state of the catalogue.
            try connection.execute("BEGIN")
            defer { try? connection.execute("COMMIT") }
            let row = try connection.statement(
                """
                SELECT id, organization_id, filename, content_type, size_bytes, declared_sha256, created_at,
                    upload_expires_at, sha256, uploaded_at, urls_revoked_at FROM files
                WHERE id = ? AND organization_id = ? AND sha256 IS NOT NULL
                """)
            defer { row.reset() }
            var files: [FileRecord] = []
            for id in ids {
                row.reset()
                row.bind(id.bytes).bind(organization.description)
                if try row.step() { files.append(try FileRow.decode(row)) }
            }
            return files
        }
    }

    static func file(
        _ id: FileID, of organization: OrganizationID, _ connection: SQLiteConnection
    ) throws(SQLiteError) -> FileRecord? {
        let row = try connection.statement(
            """
            SELECT id, organization_id, filename, content_type, size_bytes, declared_sha256, created_at,
                upload_expires_at, sha256, uploaded_at, urls_revoked_at FROM files WHERE id = ? AND organization_id = ?
            """
        ).bind(id.bytes).bind(organization.description)
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
        /// The organization has no such file.
        case missing
    }

    /// Puts off the end of a pending file's upload.
    ///
    /// - Parameters:
    ///   - id: The file.
    ///   - organization: Its owner.
    ///   - expiresAt: When the new URL ends.
    /// - Returns: What became of the row.
    /// - Throws: ``StorageError``.
    func renewUpload(
        _ id: FileID, of organization: OrganizationID, until expiresAt: Timestamp
    ) async throws(StorageError) -> RenewalOutcome {
        try await self.writer.write { connection throws(SQLiteError) in
            try connection.statement(
                """
                UPDATE files SET upload_expires_at = max(upload_expires_at, ?)
                WHERE id = ? AND organization_id = ? AND sha256 IS NULL
                """
            )
            .bind(expiresAt.secondsSinceEpoch).bind(id.bytes).bind(organization.description).run()
            if connection.changes == 1 { return .renewed }
            return try Self.file(id, of: organization, connection) == nil ? .missing : .alreadySealed
        }
    }

    /// Returns a page of an organization's files, newest first.
    ///
    /// - Parameters:
    ///   - query: Which files.
    ///   - organization: Whose.
    /// - Returns: The page. One that looked at many files in vain may be short, and then has a cursor.
    /// - Throws: ``StorageError``.
    public func files(_ query: FileQuery, of organization: OrganizationID) throws(StorageError) -> FilePage {
        try self.readers.read { connection throws(SQLiteError) in
            let rows = try connection.statement(Self.listing(query.status))
                .bind(organization.description).bind(query.cursor?.bytes ?? [UInt8](repeating: 0xFF, count: 17))
            defer { rows.reset() }
            var files: [FileRecord] = []
            var last: FileID?
            for _ in 0..<Self.listingLimit {
                guard try rows.step() else { return FilePage(files: files, nextCursor: nil) }
                if files.count == query.limit { return FilePage(files: files, nextCursor: last) }
                let file = try FileRow.decode(rows)
                last = file.id
                if query.mediaRange?.contains(file.declaration.mediaType) ?? true { files.append(file) }
            }
            return FilePage(files: files, nextCursor: last)
        }
    }

    /// The most files that one page looks at: some ten milliseconds.
    private static let listingLimit = 10_000

    /// A statement for each status, so that SQLite can use the partial index of the pending ones.
    private static func listing(_ status: FileQuery.Status?) -> StaticString {
        switch status {
        case nil:
            """
            SELECT id, organization_id, filename, content_type, size_bytes, declared_sha256, created_at,
                upload_expires_at, sha256, uploaded_at, urls_revoked_at FROM files
            WHERE organization_id = ? AND id < ? ORDER BY id DESC
            """
        case .ready:
            """
            SELECT id, organization_id, filename, content_type, size_bytes, declared_sha256, created_at,
                upload_expires_at, sha256, uploaded_at, urls_revoked_at FROM files
            WHERE organization_id = ? AND id < ? AND sha256 IS NOT NULL ORDER BY id DESC
            """
        case .pending:
            """
            SELECT id, organization_id, filename, content_type, size_bytes, declared_sha256, created_at,
                upload_expires_at, sha256, uploaded_at, urls_revoked_at FROM files
            WHERE organization_id = ? AND id < ? AND sha256 IS NULL ORDER BY id DESC
            """
        }
    }
}

extension Catalog {
    /// Whether there is any file, of any organization.
    public func hasFiles() throws(StorageError) -> Bool {
        try self.readers.read { connection throws(SQLiteError) in
            let row = try connection.statement("SELECT 1 FROM files LIMIT 1")
            defer { row.reset() }
            return try row.step()
        }
    }
}
