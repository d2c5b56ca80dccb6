import CSQLite
import CloakroomCrypto
import CloakroomDomain

/// Where bytes lie.
extension Catalog {
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

    /// Where a ready file's bytes are, until when, and how a download of them is described.
    struct Placement: Hashable, Sendable {
        /// The file.
        let id: FileID
        /// The digest that was sealed.
        let digest: SHA256Digest
        /// Where they are packed; `nil` for a file of their own.
        let slot: PackSlot?
        /// How many there are.
        let size: ByteCount
        /// When the file ends; `nil` for one that stays.
        let expiresAt: Timestamp?
        /// Whose file it is.
        let organization: OrganizationID
        /// How a download is described.
        let representation: Representation
    }

    /// Returns where a ready file's bytes are, and how a download of them is described.
    ///
    /// - Parameter id: The file, of any organization.
    /// - Returns: The placement, also of an expired file; `nil` where there is no row, or a pending one.
    /// - Throws: ``StorageError``.
    func placement(_ id: FileID) throws(StorageError) -> Placement? {
        try self.readers.read { connection throws(SQLiteError) in
            let row = try connection.statement(
                """
                SELECT pack, pack_offset, size_bytes, expires_at, content_type, filename, uploaded_at, sha256,
                    organization_id
                FROM files
                WHERE id = ? AND sha256 IS NOT NULL
                """
            ).bind(id.bytes)
            defer { row.reset() }
            guard try row.step() else { return nil }
            let slot: PackSlot? = if row.integer(0) == nil { nil } else { try PackSlot(row, from: 0) }
            guard let digest = row.blob(7).flatMap({ SHA256Digest(bytes: $0) }),
                let organization = row.text(8).flatMap({ OrganizationID($0) })
            else {
                throw SQLiteError(code: SQLITE_CORRUPT, message: "a row of files is malformed")
            }
            return Placement(
                id: id, digest: digest, slot: slot, size: row.integer(2).flatMap { ByteCount($0) } ?? .zero,
                expiresAt: row.integer(3).map { Timestamp(secondsSinceEpoch: $0) },
                organization: organization, representation: try Self.representation(row, from: 4))
        }
    }

    /// Reads three columns: the media type, the name, and when the bytes were sealed.
    private static func representation(
        _ row: SQLiteStatement, from column: Int32
    ) throws(SQLiteError) -> Representation {
        guard let contentType = row.text(column), let filename = row.text(column + 1),
            let uploadedAt = row.integer(column + 2),
            let representation = Representation(
                contentType: contentType, filename: Filename(stored: filename),
                uploadedAt: Timestamp(secondsSinceEpoch: uploadedAt))
        else { throw SQLiteError(code: SQLITE_CORRUPT, message: "a row of files is malformed") }
        return representation
    }

    /// The directories of the blobs that ready files are in.
    struct DirectoriesInUse {
        /// Shards with files of their own.
        var shards: Set<Int> = []
        /// Whether there are packed ones.
        var hasPacks = false
    }

    /// Returns in which directories ready files are; looks through all rows.
    ///
    /// - Returns: The directories.
    /// - Throws: ``StorageError``.
    func directoriesInUse() throws(StorageError) -> DirectoriesInUse {
        try self.readers.read { connection throws(SQLiteError) in
            let rows = try connection.statement(
                "SELECT DISTINCT pack IS NOT NULL, substr(id, 16) FROM files WHERE sha256 IS NOT NULL")
            defer { rows.reset() }
            var inUse = DirectoriesInUse()
            while try rows.step() {
                if rows.integer(0) == 1 {
                    inUse.hasPacks = true
                } else if let shard = rows.blob(1)?.first {
                    inUse.shards.insert(Int(shard))
                }
            }
            return inUse
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
}
