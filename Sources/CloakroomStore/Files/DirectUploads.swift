package import CloakroomCrypto
package import CloakroomDomain
package import NIOCore

/// Uploads in one request, whose length is known only when they end.
///
/// The bytes come first, without a row; the row is added when they are complete. A client that goes away before its last byte
/// leaves neither.
package final class DirectUploads: Sendable {
    private let rows: any AdmissionRows & FileRows
    private let blobs: any BlobEngine
    private let publisher: Publisher
    private let deletions: Deletions
    private let locks: FileLocks
    private let ids: FileIDGenerator

    init(
        rows: any AdmissionRows & FileRows, blobs: any BlobEngine, publisher: Publisher, deletions: Deletions,
        locks: FileLocks, ids: FileIDGenerator
    ) {
        self.rows = rows
        self.blobs = blobs
        self.publisher = publisher
        self.deletions = deletions
        self.locks = locks
        self.ids = ids
    }

    /// Begins to take a new file's bytes, unless it is announced that they do not fit; nothing touches the disk yet.
    package func begin(
        access: OrganizationAccess, maximumSize: ByteCount, announced: ByteCount? = nil, key: IdempotencyKey? = nil,
        checksums: [Checksum], algorithms: Set<Checksum.Algorithm> = []
    ) async throws(StorageError) -> DirectUpload {
        // A repetition counts already.
        var isNew = true
        if let key { isNew = try await !self.rows.hasSeen(key, from: access.organization).value() }
        if isNew {
            let excess = try await self.rows.findExcess(adding: announced ?? .one, to: access.organization).value()
            if let excess { throw .quotaExceeded(excess) }
        }
        try self.blobs.checkRoom(for: .zero)
        let id = try self.ids.next()
        let request = StagingRequest(
            id: id, length: .atMost(maximumSize), checksums: checksums, algorithms: algorithms, keepsBytes: true)
        return DirectUpload(id: id, body: self.blobs.stage(request), access: access, key: key)
    }

    /// Takes the last bytes and publishes the file; on return its row and bytes are durable.
    package func publish(
        _ upload: DirectUpload, last: [ByteBuffer], trailing: [Checksum] = [], filename: Filename,
        mediaType: MediaType, declared: SHA256Digest? = nil, fileLifetime: FileLifetime? = nil, now: Timestamp
    ) async throws(StorageError) -> FileRecord {
        let finished = try await upload.body.finish(last: last, trailing: trailing, declared: declared)
        let record = FileRecord(
            id: upload.id, organization: upload.access.organization,
            declaration: UploadDeclaration(
                filename: filename, mediaType: mediaType, size: finished.size, sha256: finished.digest),
            createdAt: now, uploadExpiresAt: now, status: .pending, expiresAt: fileLifetime?.end(from: now))
        let request = upload.key.map {
            IdempotentRequest(
                key: $0, operation: .uploadFile, declaration: record.declaration, fileLifetime: fileLifetime)
        }
        // In a task of its own, so that a client that goes away does not end it halfway.
        let outcome = await Task { () -> Result<FileRecord, StorageError> in
            do throws(StorageError) {
                guard let request else {
                    return .success(try await self.publishUnnamed(upload, record, finished.digest))
                }
                return .success(try await self.publish(upload, record, finished.digest, request))
            } catch {
                return .failure(error)
            }
        }.value
        return try outcome.get()
    }

    private func publishUnnamed(
        _ upload: DirectUpload, _ record: FileRecord, _ digest: SHA256Digest
    ) async throws(StorageError) -> FileRecord {
        do throws(StorageError) {
            return try await self.publisher.publishNew(upload.body, record, digest)
        } catch {
            // The client learns of the failure and of no id: a row is of no use to it.
            try? await self.deletions.delete(record.id, access: upload.access, now: record.createdAt)
            throw error
        }
    }

    /// Adds the row first, with the key: whoever comes with the same key, at the same time or after a crash, gets that
    /// row, and finishes it if it is still pending.
    private func publish(
        _ upload: DirectUpload, _ record: FileRecord, _ digest: SHA256Digest, _ request: IdempotentRequest
    ) async throws(StorageError) -> FileRecord {
        let (organization, now) = (record.organization, record.createdAt)
        var id = record.id
        let outcome = try await self.rows.insert(record, at: nil, request: request)
        if case .repeated(let earlierID) = outcome {
            let earlier = try await self.rows.find(earlierID, of: organization, now: now).value()
            guard let earlier else { throw .notFound }
            if earlier.seal != nil { return earlier }
            id = earlierID
        } else {
            _ = try outcome.added
        }
        do throws(StorageError) {
            _ = try await self.publisher.publish(upload.body, as: id, record.declaration, digest, now: now)
        } catch .full {
            // It is certain that nothing was stored, so nothing stays. After another failure a repetition finishes it.
            try await self.locks.take(id) { () async throws(StorageError) in
                try await self.rows.withdraw(id, of: organization, now: now)
            }
            throw .full
        }
        let sealed = try await self.rows.find(id, of: organization, now: now).value()
        guard let sealed else { throw .notFound }
        return sealed
    }
}

/// An upload in one request whose bytes are arriving; dropping it removes them.
package struct DirectUpload: Sendable {
    fileprivate let id: FileID
    fileprivate let body: any StagedBody
    fileprivate let access: OrganizationAccess
    fileprivate let key: IdempotencyKey?

    package func append(_ chunks: [ByteBuffer]) async throws(StorageError) { try await self.body.append(chunks) }
}
