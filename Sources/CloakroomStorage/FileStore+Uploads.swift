import CloakroomCrypto
public import CloakroomDomain
public import NIOCore
import NIOPosix

/// Uploads to a file that was declared before.
extension FileStore {
    /// Records a file that is to be uploaded.
    ///
    /// On return the row is durable.
    ///
    /// - Parameters:
    ///   - declaration: What the client says of it.
    ///   - access: The owner's right.
    ///   - lifetimeSeconds: How long its upload URL works.
    ///   - fileLifetime: How long the file is kept at most; its organization's files may be kept for less.
    ///   - now: The current time.
    ///   - key: The client's name for the request, if it has one: a repetition gives the same file.
    /// - Returns: The file, pending unless the request was one before.
    /// - Throws: ``StorageError``.
    public func requestUpload(
        _ declaration: UploadDeclaration, access: OrganizationAccess, lifetimeSeconds: Int64,
        fileLifetime: FileLifetime? = nil, now: Timestamp, key: IdempotencyKey? = nil
    ) async throws(StorageError) -> FileRecord {
        try self.blobs.checkRoom(for: .zero)
        let record = FileRecord(
            id: try self.ids.next(), organization: access.organization, declaration: declaration, createdAt: now,
            uploadExpiresAt: now.advanced(bySeconds: lifetimeSeconds), status: .pending,
            expiresAt: fileLifetime?.end(from: now))
        let request = key.map {
            IdempotentRequest(
                key: $0, operation: .requestUpload, declaration: declaration, fileLifetime: fileLifetime)
        }
        switch try await self.catalog.insert(record, at: nil, request: request) {
        case .inserted(let added):
            self.pendingFileCache.keep(added)
            return added
        case .repeated(let id):
            // Deleted or ended meanwhile, it has the same id still, and URLs that lead nowhere.
            return try self.catalog.file(id, of: access.organization, now: now)
                ?? FileRecord(
                    id: id, organization: access.organization, declaration: declaration, createdAt: now,
                    uploadExpiresAt: record.uploadExpiresAt, status: .pending)
        case .keyReused: throw .idempotencyKeyReused
        case .exceedsQuota(let excess): throw .quotaExceeded(excess)
        }
    }

    /// Lets a pending file take its upload for longer; on return that is durable.
    ///
    /// - Parameters:
    ///   - id: The file.
    ///   - access: The owner's right.
    ///   - lifetimeSeconds: How long the new upload URL works.
    ///   - now: The current time.
    /// - Returns: The file.
    /// - Throws: ``StorageError/alreadySealed`` for a ready file, ``StorageError/notFound``.
    public func renewUpload(
        _ id: FileID, access: OrganizationAccess, lifetimeSeconds: Int64, now: Timestamp
    ) async throws(StorageError) -> FileRecord {
        let end = now.advanced(bySeconds: lifetimeSeconds)
        switch try await self.catalog.renewUpload(id, of: access.organization, until: end, now: now) {
        case .renewed: return try self.record(id, access: access, now: now)
        case .alreadySealed: throw .alreadySealed
        case .missing: throw .notFound
        }
    }

    /// Returns what was declared of a file, to find out why a signature does not match: nothing of it may be shown
    /// unless the signature then does.
    ///
    /// - Parameters:
    ///   - id: The file, of any organization.
    ///   - now: The current time: of a file that has ended there is nothing to be shown.
    /// - Returns: What was declared of a file, to find out why a signature does not match: nothing of it may be shown
    ///   unless the signature then does.
    /// - Throws: ``StorageError``.
    public func declarationForVerification(
        _ id: FileID, now: Timestamp
    ) throws(StorageError) -> UploadDeclaration? {
        guard let file = try self.catalog.file(id), !file.isExpired(at: now) else { return nil }
        return file.declaration
    }

    /// Returns the file that a grant is for.
    ///
    /// - Parameters:
    ///   - grant: The right to send its bytes.
    ///   - now: The current time.
    /// - Returns: The file that a grant is for.
    /// - Throws: ``StorageError/notFound`` where it has been deleted or has ended, ``StorageError/urlRevoked``.
    public func record(_ grant: UploadGrant, now: Timestamp) throws(StorageError) -> FileRecord {
        try self.revocations.check(grant.fileID, issuedAt: grant.issuedAt)
        let kept = self.pendingFileCache.take(grant.fileID)
        let found: FileRecord? = if let kept { kept } else { try self.catalog.file(grant.fileID) }
        guard let record = found, !record.isExpired(at: now) else { throw .notFound }
        return record
    }

    /// Begins an upload; nothing touches the disk yet.
    ///
    /// - Parameters:
    ///   - grant: The right to send the bytes.
    ///   - record: The file, as ``record(_:now:)`` gave it.
    ///   - checksums: What the client announced of the bytes.
    ///   - algorithms: What is computed besides, for checksums that follow the bytes.
    /// - Returns: The upload, to which bytes can be appended.
    /// - Throws: ``StorageError/writesRejected(_:)``.
    public func stage(
        _ grant: UploadGrant, _ record: FileRecord, checksums: [Checksum],
        algorithms: Set<Checksum.Algorithm> = []
    ) throws(StorageError) -> StagedBlob {
        guard record.id == grant.fileID else { throw .notFound }
        try self.blobs.health.checkWrites()
        if record.seal == nil { try self.blobs.checkRoom(for: record.declaration.size) }
        // The repetition of an upload is hashed and not kept.
        var keepsBytes = record.seal == nil
        if !keepsBytes { keepsBytes = try !self.blobs.contains(grant.fileID) }
        let signed = grant.signedPayload.map { [Checksum(field: "x-amz-content-sha256", sha256: $0)] } ?? []
        return StagedBlob(
            store: self.blobs, fileID: grant.fileID, length: .exactly(record.declaration.size),
            checksums: checksums + signed + grant.signedChecksums, algorithms: algorithms, keepsBytes: keepsBytes,
            upload: self.uploadsUnderWay.begin(grant.fileID))
    }

    /// Writes and hashes the next bytes of an upload.
    ///
    /// - Parameters:
    ///   - chunks: In their order.
    ///   - staged: The upload.
    /// - Throws: ``StorageError``.
    public func append(_ chunks: [ByteBuffer], to staged: StagedBlob) async throws(StorageError) {
        try await self.onDisk { () throws(StorageError) in try staged.append(chunks) }
    }

    /// Writes and hashes the next bytes of an upload, and reports to an event loop without a detour.
    ///
    /// - Parameters:
    ///   - chunk: The bytes.
    ///   - staged: The upload.
    ///   - eventLoop: Where the future completes.
    /// - Returns: A future that fails with ``StorageError``.
    public func append(
        _ chunk: ByteBuffer, to staged: StagedBlob, on eventLoop: any EventLoop
    ) -> EventLoopFuture<Void> {
        self.disk.runIfActive(eventLoop: eventLoop) { try staged.append([chunk]) }
    }

    /// Seals an upload.
    ///
    /// When the future succeeds the upload's bytes, their name and the row are durable.
    ///
    /// - Parameters:
    ///   - staged: The upload.
    ///   - last: Its last bytes.
    ///   - trailing: The checksums that arrived behind them.
    ///   - record: The file, as ``record(_:now:)`` gave it.
    ///   - now: The current time.
    ///   - eventLoop: Where the future completes.
    /// - Returns: A future of the digest of the bytes, which fails with ``StorageError``; the file is then as it was
    ///   before the upload.
    public func seal(
        _ staged: StagedBlob, last: ByteBuffer, trailing: [Checksum] = [], _ record: FileRecord, now: Timestamp,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<Sealed> {
        let promise = eventLoop.makePromise(of: Sealed.self)
        guard record.seal != nil || !staged.staysInMemory else {
            // Hashing so few bytes takes less than handing them to another thread.
            do {
                self.pack(staged, try Self.finish(staged, last, trailing, record), now: now, promise)
            } catch {
                promise.fail(error)
            }
            return promise.futureResult
        }
        self.disk.submit { state in
            do {
                guard state == .active else { throw StorageError.writesRejected("the server is shutting down") }
                try self.publishFirst(staged, try Self.finish(staged, last, trailing, record), now: now, promise)
            } catch {
                promise.fail(error)
            }
        }
        return promise.futureResult
    }

    private static func finish(
        _ staged: StagedBlob, _ last: ByteBuffer, _ trailing: [Checksum], _ record: FileRecord
    ) throws(StorageError) -> SHA256Digest {
        if !trailing.isEmpty { staged.expect(trailing) }
        try staged.append([last])
        return try staged.finish(declared: record.declaration.sha256).digest
    }
}
