import CSQLite
import CloakroomCrypto
import CloakroomDomain

/// What a ready row says of its file's bytes.
struct SealedFile: Hashable, Sendable {
    let id: FileID
    let size: ByteCount
    let seal: FileRecord.Seal
    /// Where the bytes are packed; `nil` for a file of their own.
    let slot: PackSlot?

    init(id: FileID, size: ByteCount, seal: FileRecord.Seal, slot: PackSlot?) {
        self.id = id
        self.size = size
        self.seal = seal
        self.slot = slot
    }

    /// Reads id, size, digest, time of upload, pack, offset, and size once more.
    init(_ row: SQLiteStatement) throws(SQLiteError) {
        guard let id = row.blob(0).flatMap({ FileID(bytes: $0) }),
            let size = row.integer(1).flatMap({ ByteCount($0) }),
            let digest = row.blob(2).flatMap({ SHA256Digest(bytes: $0) }), let uploadedAt = row.integer(3)
        else { throw SQLiteError(code: SQLITE_CORRUPT, message: "a row of files is malformed") }
        let slot: PackSlot? = if row.integer(4) == nil { nil } else { try PackSlot(row, from: 4) }
        self.init(
            id: id, size: size,
            seal: .init(sha256: digest, uploadedAt: Timestamp(secondsSinceEpoch: uploadedAt)), slot: slot)
    }
}
