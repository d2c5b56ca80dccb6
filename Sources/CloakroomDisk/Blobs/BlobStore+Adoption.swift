import CloakroomCrypto
package import CloakroomDomain
package import CloakroomStore
import CloakroomSystem
import Glibc
import Logging

/// Blobs with a name whose rows are pending: a crash came between both, or the row's seal has been lost.
///
/// Such a blob was complete and verified before it got its name. So it is what the client sent, and may have been
/// acknowledged.
extension BlobStore {
    /// For one who is alone with a file: makes its own blob durable and returns its seal, if it is what was declared;
    /// else it is damaged, and moved to the quarantine.
    package func adopt(
        _ id: FileID, _ declaration: UploadDeclaration
    ) async throws(StorageError) -> FileRecord.Seal? {
        guard try self.hasOwnFile(id) else { return nil }
        return try await self.onDisk { () throws(StorageError) in
            if let seal = try self.renewOwnFile(id, declaration) { return seal }
            _ = try self.moveToQuarantine(id)
            self.metrics.count(.damaged)
            self.countQuarantine()
            self.health.report("The bytes of a pending file are damaged", id, "moved to quarantine")
            return nil
        }
    }

    /// Tells the metrics how much is in quarantine.
    package func countQuarantine() {
        guard let names = try? self.quarantine.names() else { return }
        self.metrics.holds(names.count)
    }

    /// How much is read at a time, in bytes.
    private static let pieceLength = 1_024 * 1_024

    /// Writes a blob's own file anew and returns its seal, if it is what was declared; on return that is durable.
    private func renewOwnFile(
        _ id: FileID, _ declaration: UploadDeclaration
    ) throws(StorageError) -> FileRecord.Seal? {
        // What is read may be in the page cache only, after a flush that failed, and so may the name.
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
        try StorageError.throwing(self.stagingDirectory.rename(temporary, to: self.directory(of: id), as: id.uuid))
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
