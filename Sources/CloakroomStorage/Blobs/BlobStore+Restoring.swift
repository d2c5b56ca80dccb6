import CloakroomDomain
import NIOCore

extension BlobStore {
    /// Writes a journal's body into its file, to be flushed with all others before the journal forgets it.
    ///
    /// Whatever the file seems to hold is replaced: after a write-back that failed, the page cache can show bytes that the
    /// disk does not have.
    ///
    /// - Parameter record: Of a file whose row says that it is sealed with this body.
    /// - Throws: ``StorageError``.
    func restore(_ record: BlobJournalRecord) throws(StorageError) {
        guard let size = ByteCount(Int64(record.body.count)) else { return }
        let staged = StagedBlob(
            store: self, fileID: record.id, length: .exactly(size), checksums: [], keepsBytes: true)
        // The reserve is there for this, too: a server that does not start can delete nothing.
        try staged.append([ByteBuffer(bytes: record.body)], leavingRoom: false)
        try staged.replaceUnflushed()
    }
}
