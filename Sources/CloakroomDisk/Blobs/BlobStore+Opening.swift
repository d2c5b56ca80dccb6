import CloakroomDomain
import CloakroomStore
import CloakroomSystem
import Glibc

/// Opening sealed blobs for reading.
extension BlobStore {
    /// Opens a sealed blob for a reader who was counted before the row was asked for; `nil` where the bytes are not
    /// there.
    func openBlob(_ placement: Placement, _ reading: PackReading) throws(StorageError) -> FileBlob? {
        if let slot = placement.slot { return try self.packs.open(slot, reading, placement, self.threads) }
        let length: Int64
        do throws(SystemCallError) {
            let file = try self.openFile(placement.id)
            length = try file.status().size
            if length == placement.size.bytes { return FileBlob(file: file, placement, self.threads) }
        } catch {
            if error.code == ENOENT { return nil }
            throw error.storageError
        }
        // A part of a file, or more than it, is served to nobody.
        throw .damaged(.length(expected: placement.size.bytes, found: length))
    }

    private func openFile(_ id: FileID) throws(SystemCallError) -> FileDescriptor {
        do throws(SystemCallError) {
            return try self.directory(of: id).open(id.uuid, flags: O_RDONLY | O_NOFOLLOW)
        } catch {
            guard error.code == EMFILE || error.code == ENFILE else { throw error }
            // Descriptors have run out: those that are only kept are the first to go.
            self.openBlobs.removeAll()
            return try self.directory(of: id).open(id.uuid, flags: O_RDONLY | O_NOFOLLOW)
        }
    }
}
