public import CloakroomDomain
public import NIOCore

/// Uploads in one request, whose length is known only when they end.
///
/// The bytes come first, without a row; the row is declared when they are complete, and sealed like any other. A client
/// that goes away leaves neither.
extension FileStore {
    /// Begins an upload of a new file; nothing touches the disk yet.
    ///
    /// - Parameters:
    ///   - access: The owner's right.
    ///   - maximumSize: The most bytes.
    ///   - checksums: What the client announced of the bytes.
    /// - Returns: The upload, to which bytes can be appended.
    /// - Throws: ``StorageError``.
    public func stageNew(
        access: OrganizationAccess, maximumSize: ByteCount, checksums: [Checksum]
    ) throws(StorageError) -> StagedBlob {
        try self.blobs.health.checkWrites()
        try self.blobs.checkRoom(for: .zero)
        return StagedBlob(
            store: self.blobs, fileID: try self.ids.next(), length: .atMost(maximumSize), checksums: checksums,
            keepsBytes: true)
    }

    /// Declares and seals a new file.
    ///
    /// On return its row, bytes and their name are durable.
    ///
    /// - Parameters:
    ///   - staged: The upload, as ``stageNew(access:maximumSize:checksums:)`` began it.
    ///   - last: Its last bytes.
    ///   - filename: The file's name.
    ///   - mediaType: The file's media type.
    ///   - access: The owner's right.
    ///   - now: The current time.
    /// - Returns: The file.
    /// - Throws: ``StorageError``.
    public func sealNew(
        _ staged: StagedBlob, last: [ByteBuffer], filename: Filename, mediaType: MediaType,
        access: OrganizationAccess, now: Timestamp
    ) async throws(StorageError) -> FileRecord {
        let (digest, size) = try await self.onDisk { () throws(StorageError) in
            try staged.append(last)
            return try staged.finish(declared: nil)
        }
        let declaration = UploadDeclaration(filename: filename, mediaType: mediaType, size: size, sha256: digest)
        let seal = FileRecord.Seal(sha256: digest, uploadedAt: now)
        let record = { (status: FileRecord.Status) in
            FileRecord(
                id: staged.fileID, organization: access.organization, declaration: declaration, createdAt: now,
                uploadExpiresAt: now, status: status)
        }
        if let slot = try await self.pack(staged, seal) {
            do throws(StorageError) {
                try await self.catalog.insert(record(.ready(seal)), at: slot)
            } catch {
                guard await self.discard(slot, of: staged.fileID, after: error) else { return record(.ready(seal)) }
                throw error
            }
            return record(.ready(seal))
        }
        try await self.catalog.insert(record(.pending))
        do throws(StorageError) {
            _ = try await self.publish(staged, digest, now: now)
        } catch {
            // The client learns of the failure and of no id: the row is of no use to it.
            try? await self.delete(staged.fileID, access: access, now: now)
            throw error
        }
        return record(.ready(seal))
    }

    /// Packs a body if it is small enough, and there is room.
    private func pack(_ staged: StagedBlob, _ seal: FileRecord.Seal) async throws(StorageError) -> PackSlot? {
        guard let body = staged.body else { return nil }
        let outcome = await withCheckedContinuation { continuation in
            let body = SmallBody(id: staged.fileID, seal: seal, bytes: body)
            self.blobs.packs.writer.append(body) { continuation.resume(returning: $0) }
        }
        switch try outcome.get() {
        case .packed(let slot): return slot
        case .noRoom: return nil
        }
    }
}
