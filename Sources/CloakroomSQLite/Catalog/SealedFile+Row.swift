import CSQLite
import CloakroomCrypto
import CloakroomDomain
import CloakroomStore

extension SealedFile {
    /// Reads id, size, digest, time of upload, and locator.
    package init(_ row: SQLiteStatement) throws(SQLiteError) {
        guard let id = row.fileID(0),
            let size = row.integer(1).flatMap({ ByteCount($0) }),
            let digest = row.blob(2).flatMap({ SHA256Digest(bytes: $0) }), let uploadedAt = row.timestamp(3)
        else { throw SQLiteError(code: SQLITE_CORRUPT, message: "a row of files is malformed") }
        self.init(
            id: id, size: size, seal: .init(sha256: digest, uploadedAt: uploadedAt), locator: try row.locator(4))
    }
}
