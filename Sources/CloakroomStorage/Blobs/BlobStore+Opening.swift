import CloakroomDomain
import Logging

import Glibc

/// Opening sealed blobs for reading.
extension BlobStore {
    /// Opens a sealed blob.
    ///
    /// The row of a blob that is not open yet says whether it is sealed, where it is, until when it may be read, and how a
    /// download is described.
    ///
    /// - Parameters:
    ///   - grant: The right to read it.
    ///   - now: The current time.
    /// - Returns: The open blob, or `nil` where there is none, or none any more: only proven absence says so.
    /// - Throws: ``StorageError`` for every other failure.
    func open(_ grant: DownloadGrant, now: Timestamp) throws(StorageError) -> OpenBlob? {
        let id = grant.fileID
        let blob: OpenBlob
        switch self.openBlobs.find(id) {
        case .hit(let found): blob = found
        case .miss(let ticket):
            guard let opened = try self.openAnew(id) else { return nil }
            try self.verify(opened)
            self.openBlobs.keep(opened, id, ticket)
            blob = opened
        }
        if let end = blob.expiresAt, end <= now { return nil }
        return blob
    }

    /// Verifies a small blob that is in memory, unless that was done since it was loaded.
    private func verify(_ blob: OpenBlob) throws(StorageError) {
        guard blob.isSmall else { return }
        let isCached = try blob.verifyCached(isKnown: self.verified.contains(blob.id))
        if isCached { self.verified.insert(blob.id) } else { self.verified.remove(blob.id) }
    }

    private func openAnew(_ id: FileID) throws(StorageError) -> OpenBlob? {
        let reading = self.packs.beginReading(id)
        guard let placement = try self.catalog.placement(id) else { return nil }
        if let slot = placement.slot {
            return try self.packs.open(slot, reading, placement)
        }
        if let blob = try self.openOwnFile(id, placement) { return blob }
        // Deleted since the row was read, or lost.
        guard try self.catalog.placement(id) != nil else { return nil }
        self.health.report("The bytes of a ready file are missing", id, .notFound)
        return nil
    }

    private func openOwnFile(_ id: FileID, _ placement: Catalog.Placement) throws(StorageError) -> OpenBlob? {
        let length: Int64
        do throws(SystemCallError) {
            let file = try self.openFile(id)
            length = try file.status().size
            if length == placement.size.bytes {
                return OpenBlob(file: file, placement)
            }
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
