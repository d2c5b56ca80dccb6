public import CloakroomCrypto
public import CloakroomDomain
public import NIOCore
import NIOPosix

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
    ///   - announced: How many bytes there will be, if the client says so: what does not fit need not be received.
    ///   - key: The client's name for the request, if it has one.
    ///   - checksums: What the client announced of the bytes.
    ///   - algorithms: What is computed besides, for checksums that follow the bytes.
    /// - Returns: The upload, to which bytes can be appended.
    /// - Throws: ``StorageError``.
    public func stageNew(
        access: OrganizationAccess, maximumSize: ByteCount, announced: ByteCount? = nil, key: IdempotencyKey? = nil,
        checksums: [Checksum], algorithms: Set<Checksum.Algorithm> = []
    ) throws(StorageError) -> StagedBlob {
        // A repetition counts already.
        let isNew = if let key { try !self.catalog.hasSeen(key, from: access.organization) } else { true }
        if isNew, let excess = try self.catalog.excess(adding: announced ?? .one, to: access.organization) {
            throw .quotaExceeded(excess)
        }
        try self.blobs.health.checkWrites()
        try self.blobs.checkRoom(for: .zero)
        return StagedBlob(
            store: self.blobs, fileID: try self.ids.next(), length: .atMost(maximumSize), checksums: checksums,
            algorithms: algorithms, keepsBytes: true)
    }

    /// Declares and seals a new file.
    ///
    /// On return its row, bytes and their name are durable.
    ///
    /// - Parameters:
    ///   - staged: The upload, as ``stageNew(access:maximumSize:announced:key:checksums:algorithms:)`` began it.
    ///   - last: Its last bytes.
    ///   - filename: The file's name.
    ///   - mediaType: The file's media type.
    ///   - declared: The digest that the bytes must have, if the client said.
    ///   - access: The owner's right.
    ///   - fileLifetime: How long the file is kept at most; its organization's files may be kept for less.
    ///   - now: The current time.
    ///   - key: The client's name for the request, if it has one: a repetition gives the same file.
    /// - Returns: The file.
    /// - Throws: ``StorageError``.
    public func sealNew(
        _ staged: StagedBlob, last: [ByteBuffer], filename: Filename, mediaType: MediaType,
        declared: SHA256Digest? = nil, access: OrganizationAccess, fileLifetime: FileLifetime? = nil, now: Timestamp,
        key: IdempotencyKey? = nil
    ) async throws(StorageError) -> FileRecord {
        let (digest, size) = try await self.onDisk { () throws(StorageError) in
            try staged.append(last)
            return try staged.finish(declared: declared)
        }
        let record = FileRecord(
            id: staged.fileID, organization: access.organization,
            declaration: UploadDeclaration(filename: filename, mediaType: mediaType, size: size, sha256: digest),
            createdAt: now, uploadExpiresAt: now, status: .pending, expiresAt: fileLifetime?.end(from: now))
        guard let key else { return try await self.sealNew(staged, record, digest, access: access) }
        let request = IdempotentRequest(
            key: key, operation: .uploadFile, declaration: record.declaration, fileLifetime: fileLifetime)
        return try await self.sealNew(staged, record, digest, request)
    }

    /// Adds the row of a packed body as ready, of any other as pending until it has its name.
    private func sealNew(
        _ staged: StagedBlob, _ record: FileRecord, _ digest: SHA256Digest, access: OrganizationAccess
    ) async throws(StorageError) -> FileRecord {
        let seal = FileRecord.Seal(sha256: digest, uploadedAt: record.createdAt)
        if let slot = try await self.pack(staged, seal) { return try await self.add(record.sealed(seal), at: slot) }
        let added = try Self.added(try await self.catalog.insert(record, at: nil))
        do throws(StorageError) {
            _ = try await self.publish(staged, digest, now: record.createdAt)
        } catch {
            // The client learns of the failure and of no id: the row is of no use to it.
            try? await self.delete(record.id, access: access, now: record.createdAt)
            throw error
        }
        return added.sealed(seal)
    }

    /// Adds the row of a packed body; where there is none in the end, the slot is given back.
    private func add(_ ready: FileRecord, at slot: PackSlot) async throws(StorageError) -> FileRecord {
        let outcome: Catalog.InsertOutcome
        do throws(StorageError) {
            outcome = try await self.catalog.insert(ready, at: slot.locator)
        } catch {
            guard await self.discard(slot, of: ready.id, after: error) else {
                // The row is there after all, with the end that counts.
                return try self.catalog.file(ready.id) ?? ready
            }
            throw error
        }
        do throws(StorageError) {
            return try Self.added(outcome)
        } catch {
            _ = await self.discard(slot, of: ready.id, after: nil)
            throw error
        }
    }

    /// Adds the row first, with the key: whoever comes with the same key, at the same time or after a crash, gets that
    /// row, and finishes it if it is still pending.
    private func sealNew(
        _ staged: StagedBlob, _ record: FileRecord, _ digest: SHA256Digest, _ request: IdempotentRequest
    ) async throws(StorageError) -> FileRecord {
        let (organization, now) = (record.organization, record.createdAt)
        let outcome = try await self.catalog.insert(record, at: nil, request: request)
        if case .repeated(let id) = outcome {
            guard let earlier = try self.catalog.file(id, of: organization, now: now) else { throw .notFound }
            if earlier.seal != nil { return earlier }
            staged.becomes(id)
        } else {
            _ = try Self.added(outcome)
        }
        let promise = MultiThreadedEventLoopGroup.singleton.any().makePromise(of: Sealed.self)
        self.pack(staged, digest, now: now, promise)
        do {
            _ = try await promise.futureResult.get()
        } catch StorageError.full {
            // It is certain that nothing was stored, so nothing stays. After another failure a repetition finishes it.
            try await self.locks.take(staged.fileID) { () async throws(StorageError) in
                try await self.catalog.withdraw(staged.fileID, of: organization, now: now)
            }
            throw .full
        } catch {
            throw (error as? StorageError) ?? .failed("\(error)")
        }
        guard let sealed = try self.catalog.file(staged.fileID, of: organization, now: now) else { throw .notFound }
        return sealed
    }

    /// Returns the row that was added, or throws why none was.
    private static func added(_ outcome: Catalog.InsertOutcome) throws(StorageError) -> FileRecord {
        switch outcome {
        case .inserted(let file): return file
        case .repeated: throw .failed("a request without an idempotency key was recognized")
        case .keyReused: throw .idempotencyKeyReused
        case .exceedsQuota(let excess): throw .quotaExceeded(excess)
        }
    }

    /// Packs a body if it is small enough, and there is room.
    private func pack(_ staged: StagedBlob, _ seal: FileRecord.Seal) async throws(StorageError) -> PackSlot? {
        guard let body = staged.body else { return nil }
        let outcome = await withCheckedContinuation { continuation in
            let body = SmallBody(id: staged.fileID, seal: seal, origin: .direct, bytes: body)
            self.blobs.packs.writer.append(body) { continuation.resume(returning: $0) }
        }
        switch try outcome.get() {
        case .packed(let slot): return slot
        case .noRoom: return nil
        }
    }
}
