import CSQLite
import CloakroomCrypto
import CloakroomDomain
import CloakroomStore

/// Reads a row of `files` in the order in which every query selects its columns.
///
/// Names and media types were validated when they were declared; the row is not validated again character by character.
enum FileRow {
    static func decode(_ row: SQLiteStatement, from first: Int32 = 0) throws(SQLiteError) -> FileRecord {
        guard let id = row.fileID(first),
            let organization = row.text(first + 1).flatMap({ OrganizationID($0) }),
            let filename = row.text(first + 2).map({ Filename(stored: $0) }),
            let mediaType = row.text(first + 3).map({ MediaType(stored: $0) }),
            let size = row.integer(first + 4).flatMap({ ByteCount($0) }),
            let createdAt = row.timestamp(first + 6), let uploadExpiresAt = row.timestamp(first + 7)
        else { throw SQLiteError(code: SQLITE_CORRUPT, message: "a row of files is malformed") }
        var status = FileRecord.Status.pending
        if let digest = row.blob(first + 8).flatMap({ SHA256Digest(bytes: $0) }),
            let uploadedAt = row.timestamp(first + 9)
        {
            status = .ready(.init(sha256: digest, uploadedAt: uploadedAt))
        }
        return FileRecord(
            id: id, organization: organization,
            declaration: UploadDeclaration(
                filename: filename, mediaType: mediaType, size: size,
                sha256: row.blob(first + 5).flatMap { SHA256Digest(bytes: $0) }),
            createdAt: createdAt, uploadExpiresAt: uploadExpiresAt, status: status,
            urlsRevokedAt: row.timestamp(first + 10),
            expiresAt: row.timestamp(first + 11))
    }
}

extension SQLiteStatement {
    func fileID(_ column: Int32) -> FileID? { self.blob(column).flatMap { FileID(bytes: $0) } }

    func timestamp(_ column: Int32) -> Timestamp? { self.integer(column).map { Timestamp(secondsSinceEpoch: $0) } }

    /// Reads a column that says where bytes are; `nil` for one without a value.
    func locator(_ column: Int32) throws(SQLiteError) -> BlobLocator? {
        guard let bytes = self.blob(column) else { return nil }
        guard let locator = BlobLocator(bytes) else {
            throw SQLiteError(code: SQLITE_CORRUPT, message: "the locator of a file is malformed")
        }
        return locator
    }
}
