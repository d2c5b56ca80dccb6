import CloakroomCrypto
import CloakroomDomain
import Logging

import Glibc

/// Blobs with a name whose rows are pending: a crash came between both, or the row's seal has been lost.
///
/// Such a blob was complete and verified before it got its name. So it is what the client sent, and may have been
/// acknowledged: the row is sealed with it.
extension FileStore {
    /// How many pending rows are looked at together.
    private static let adoptionBatch = 1_024

    /// Seals files that are still pending and have a blob of their own; to be called before requests.
    ///
    /// - Throws: ``StorageError``.
    public func adoptBlobs() async throws(StorageError) {
        let (catalog, blobs) = (self.catalog, self.blobs)
        var cursor: Catalog.PendingCursor?
        repeat {
            let (after, page) = (cursor, Self.adoptionBatch)
            let (next, found) = try await self.onDisk { () throws(StorageError) in
                let (next, ids) = try catalog.pendingFiles(after: after, limit: page)
                var found: [FileID] = []
                for id in ids where try blobs.hasOwnFile(id) { found.append(id) }
                return (next, found)
            }
            for id in found {
                do throws(StorageError) {
                    try await self.alone(with: id) { () async throws(StorageError) in
                        guard let record = try self.catalog.file(id), record.seal == nil else { return }
                        _ = try await self.adopt(record)
                    }
                } catch {
                    // It stays pending, and the next upload or start tries again.
                    blobs.health.report("A pending file cannot be sealed with the bytes that it has", id, error)
                }
            }
            cursor = next
        } while cursor != nil
    }

    /// Seals a pending file with the blob that has its name; to be called by whoever is alone with the file.
    ///
    /// A blob that is not what was declared is damaged, and moved to the quarantine.
    ///
    /// - Parameter record: The file.
    /// - Returns: The seal; `nil` where there is no such blob, or it was not what was declared.
    /// - Throws: ``StorageError``.
    func adopt(_ record: FileRecord) async throws(StorageError) -> FileRecord.Seal? {
        let (id, blobs) = (record.id, self.blobs)
        guard try blobs.hasOwnFile(id) else { return nil }
        let found = try await self.onDisk { () throws(StorageError) in try blobs.renewOwnFile(id, record.declaration) }
        guard let seal = found else {
            _ = try await self.onDisk { () throws(StorageError) in try blobs.moveToQuarantine(id) }
            self.quarantineMetrics.count(.damaged)
            self.countQuarantine()
            blobs.health.report("The bytes of a pending file are damaged", id, "moved to quarantine")
            return nil
        }
        guard case .sealed = try await self.catalog.seal(id, seal) else { return nil }
        return seal
    }
}

extension BlobStore {
    /// How much is read at a time, in bytes.
    private static let pieceLength = 1_024 * 1_024

    /// Writes a blob's own file anew if it is what was declared; on return that is durable.
    ///
    /// What is read may be in the page cache only, after a flush that failed, and so may the name.
    ///
    /// - Parameters:
    ///   - id: The file.
    ///   - declaration: What was declared.
    /// - Returns: Its digest, and when it was written; `nil` where it is not what was declared.
    /// - Throws: ``StorageError``, also where the disk does not give it.
    fileprivate func renewOwnFile(
        _ id: FileID, _ declaration: UploadDeclaration
    ) throws(StorageError) -> FileRecord.Seal? {
        let temporary = "renewed-\(id.uuid)"
        let copy: OpenFile
        let seal: FileRecord.Seal
        defer { try? self.stagingDirectory.remove(temporary) }
        do throws(SystemCallError) {
            let file = try self.tree.open(id)
            let flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW
            copy = OpenFile(try self.stagingDirectory.open(temporary, flags: flags))
            guard let found = try Self.copy(file, to: copy, declaration) else { return nil }
            seal = found
        } catch {
            throw error.storageError
        }
        try self.rejectingWritesOnFailure { () throws(SystemCallError) in try copy.descriptor.synchronize() }
        do throws(SystemCallError) {
            try self.stagingDirectory.rename(temporary, to: self.directory(of: id), as: id.uuid)
        } catch {
            throw error.storageError
        }
        try self.synchronize(self.directory(of: id))
        return seal
    }

    /// Copies a blob, and returns its seal; `nil` where it is not what was declared.
    private static func copy(
        _ file: OpenFile, to copy: OpenFile, _ declaration: UploadDeclaration
    ) throws(SystemCallError) -> FileRecord.Seal? {
        let status = try file.descriptor.status()
        guard status.size == declaration.size.bytes else { return nil }
        var hasher = SHA256()
        var position: Int64 = 0
        while position < status.size {
            let bytes = try file.descriptor.read(count: Self.pieceLength, at: position)
            guard !bytes.isEmpty else { return nil }
            hasher.update(bytes.span.bytes)
            try copy.descriptor.writeAll(bytes, at: position)
            position += Int64(bytes.count)
        }
        let digest = hasher.digest()
        guard declaration.sha256 == nil || declaration.sha256 == digest else { return nil }
        return FileRecord.Seal(
            sha256: digest, uploadedAt: Timestamp(secondsSinceEpoch: status.modified / 1_000_000_000))
    }
}
