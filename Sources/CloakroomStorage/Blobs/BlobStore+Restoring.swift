import CloakroomCrypto
import CloakroomDomain
import NIOCore

extension BlobStore {
    /// Writes a journal's body into its file, unless the file holds it already.
    ///
    /// - Parameter record: Of a file whose row says that it is sealed with this body.
    /// - Throws: ``StorageError``.
    func restore(_ record: BlobJournalRecord) throws(StorageError) {
        if try self.digest(of: record.id, length: record.body.count) == record.digest { return }
        guard let size = ByteCount(Int64(record.body.count)) else { return }
        let staged = StagedBlob(
            store: self, fileID: record.id, length: .exactly(size), checksums: [], keepsBytes: true)
        try staged.append([ByteBuffer(bytes: record.body)])
        _ = try staged.publish(replacingOrphan: true, throughJournal: false)
    }

    /// The digest of a blob of a length; `nil` where there is none, or one of another length.
    private func digest(of id: FileID, length: Int) throws(StorageError) -> SHA256Digest? {
        guard let blob = try self.openAnew(id), blob.size.bytes == Int64(length) else { return nil }
        var bytes = [UInt8](repeating: 0, count: length)
        let read = try bytes.withUnsafeMutableBytes { buffer in
            Result { () throws(StorageError) in try blob.read(into: buffer, offset: 0) }
        }.get()
        return read == length ? SHA256.hash(bytes) : nil
    }
}
