import CSQLite
import CloakroomCrypto
package import CloakroomDomain
package import CloakroomStore

/// Where bytes lie.
extension Catalog {
    /// Returns where a file's bytes are, if its id alone does not say so.
    package func locator(_ id: FileID) throws(StorageError) -> BlobLocator? {
        try self.readers.read { connection throws(SQLiteError) in
            try connection.statement("SELECT locator FROM files WHERE id = ?").bind(id.bytes)
                .first { row throws(SQLiteError) in try row.locator(0) }
        }
    }

    /// Returns the locators of rows and tombstones that begin with some bytes, of which none is 255; looks through all
    /// of them.
    package func locators(withPrefix prefix: [UInt8]) throws(StorageError) -> [BlobLocator] {
        try self.readers.read { connection throws(SQLiteError) in
            try connection.statement(
                """
                SELECT locator FROM files WHERE locator >= ?1 AND locator < ?2
                UNION ALL SELECT locator FROM deleted_files WHERE locator >= ?1 AND locator < ?2
                """
            ).bind(prefix).bind(prefix + [0xFF]).all { row throws(SQLiteError) in try row.locator(0) }
        }
    }

    /// Whether a file's row or tombstone says that its bytes are there.
    package func refers(to locator: BlobLocator, of id: FileID) throws(StorageError) -> Bool {
        try self.readers.read { connection throws(SQLiteError) in
            try connection.statement(
                """
                SELECT EXISTS (SELECT 1 FROM files WHERE id = ?1 AND locator = ?2)
                    OR EXISTS (SELECT 1 FROM deleted_files WHERE id = ?1 AND locator = ?2)
                """
            ).bind(id.bytes).bind(locator.bytes).first { $0.integer(0) == 1 } ?? false
        }
    }

    /// Returns where a ready file's bytes are, also those of an expired one, and how a download of them is described.
    func placement(_ id: FileID) throws(StorageError) -> Placement? {
        try self.readers.read { connection throws(SQLiteError) in
            let row = try connection.statement(
                """
                SELECT locator, size_bytes, expires_at, content_type, filename, uploaded_at, sha256, organization_id
                FROM files
                WHERE id = ? AND sha256 IS NOT NULL
                """
            ).bind(id.bytes)
            defer { row.reset() }
            guard try row.step() else { return nil }
            guard let digest = row.blob(6).flatMap({ SHA256Digest(bytes: $0) }),
                let organization = row.text(7).flatMap({ OrganizationID($0) })
            else {
                throw SQLiteError(code: SQLITE_CORRUPT, message: "a row of files is malformed")
            }
            return Placement(
                id: id, digest: digest, locator: try row.locator(0),
                size: row.integer(1).flatMap { ByteCount($0) } ?? .zero,
                expiresAt: row.timestamp(2), organization: organization,
                representation: try Self.representation(row, from: 3))
        }
    }

    /// Reads three columns: the media type, the name, and when the bytes were sealed.
    private static func representation(
        _ row: SQLiteStatement, from column: Int32
    ) throws(SQLiteError) -> Representation {
        guard let contentType = row.text(column), let filename = row.text(column + 1),
            let uploadedAt = row.timestamp(column + 2),
            let representation = Representation(
                contentType: contentType, filename: Filename(stored: filename), uploadedAt: uploadedAt)
        else { throw SQLiteError(code: SQLITE_CORRUPT, message: "a row of files is malformed") }
        return representation
    }

    /// The directories of the blobs that ready files are in.
    package struct DirectoriesInUse {
        /// The shards of files without a locator.
        package var shards: Set<Int> = []
        /// Whether there are others.
        package var hasLocators = false
    }

    /// Returns in which directories ready files are; looks through all rows.
    package func directoriesInUse() throws(StorageError) -> DirectoriesInUse {
        try self.readers.read { connection throws(SQLiteError) in
            let rows = try connection.statement(
                "SELECT DISTINCT locator IS NOT NULL, substr(id, 16) FROM files WHERE sha256 IS NOT NULL")
            defer { rows.reset() }
            var inUse = DirectoriesInUse()
            while try rows.step() {
                if rows.integer(0) == 1 {
                    inUse.hasLocators = true
                } else if let shard = rows.blob(1)?.first {
                    inUse.shards.insert(Int(shard))
                }
            }
            return inUse
        }
    }
}
