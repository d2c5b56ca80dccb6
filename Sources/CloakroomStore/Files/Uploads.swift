import CloakroomCrypto
package import CloakroomDomain
import NIOCore

/// Uploads to a file that was declared before.
package final class Uploads: Sendable {
    private let rows: any FileRows
    private let blobs: any BlobEngine
    private let publisher: Publisher
    private let ids: FileIDGenerator
    private let caches: RowCaches
    private let revocations: Revocations
    private let underWay: UploadsUnderWay

    init(
        rows: any FileRows, blobs: any BlobEngine, publisher: Publisher, ids: FileIDGenerator, caches: RowCaches,
        revocations: Revocations, underWay: UploadsUnderWay
    ) {
        self.rows = rows
        self.blobs = blobs
        self.publisher = publisher
        self.ids = ids
        self.caches = caches
        self.revocations = revocations
        self.underWay = underWay
    }

    /// Declares a file that is to be uploaded; on return its row is durable.
    ///
    /// - Parameters:
    ///   - declaration: What the client says of it.
    ///   - access: The owner's right.
    ///   - lifetimeSeconds: How long its upload URL works.
    ///   - fileLifetime: How long the file is kept at most; its organization's files may be kept for less.
    ///   - now: The current time.
    ///   - key: The client's name for the request, if it has one: a repetition gives the same file.
    /// - Returns: The file, pending unless the request is a repetition.
    /// - Throws: ``StorageError``.
    package func request(
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
        switch try await self.rows.insert(record, at: nil, request: request) {
        case .inserted(let added):
            self.caches.pending.keep(added)
            return added
        case .repeated(let id):
            // Deleted or expired meanwhile, it has the same id still, and URLs that lead nowhere.
            return try await self.rows.find(id, of: access.organization, now: now).value()
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
    package func renew(
        _ id: FileID, access: OrganizationAccess, lifetimeSeconds: Int64, now: Timestamp
    ) async throws(StorageError) -> FileRecord {
        let end = now.advanced(bySeconds: lifetimeSeconds)
        switch try await self.rows.renewUpload(id, of: access.organization, until: end, now: now) {
        case .renewed:
            let found = try await self.rows.find(id, of: access.organization, now: now).value()
            guard let found else { throw .notFound }
            return found
        case .alreadySealed: throw .alreadySealed
        case .missing: throw .notFound
        }
    }

    /// Looks up what was declared of a file, to find out why a signature does not match: nothing of it may be shown unless
    /// the signature then does.
    ///
    /// - Parameters:
    ///   - id: The file, of any organization.
    ///   - now: The current time: of a file that has expired nothing is found.
    /// - Returns: The declaration; `nil` without such a file.
    package func declarationForVerification(_ id: FileID, now: Timestamp) -> Lookup<UploadDeclaration?> {
        self.rows.find(id).map { file in
            guard let file, !file.isExpired(at: now) else { return nil }
            return file.declaration
        }
    }

    /// Looks up the file that a grant is for.
    ///
    /// - Parameters:
    ///   - grant: The right to send its bytes.
    ///   - now: The current time.
    /// - Returns: The file; ``StorageError/notFound`` where it has been deleted or has expired, ``StorageError/urlRevoked``.
    package func find(_ grant: UploadGrant, now: Timestamp) -> Lookup<DeclaredUpload> {
        do throws(StorageError) {
            try self.revocations.check(grant.fileID, issuedAt: grant.issuedAt)
        } catch {
            return .now(.failure(error))
        }
        if let kept = self.caches.pending.take(grant.fileID) { return self.declared(kept, grant, now: now) }
        return self.rows.find(grant.fileID).then { found in self.declared(found, grant, now: now) }
    }

    private func declared(_ found: FileRecord?, _ grant: UploadGrant, now: Timestamp) -> Lookup<DeclaredUpload> {
        guard let record = found, !record.isExpired(at: now) else { return .now(.failure(.notFound)) }
        guard record.seal != nil else { return .now(.success(DeclaredUpload(record, grant, keepsBytes: true))) }
        // The repetition of an upload is hashed and not kept, unless the bytes have been lost.
        return self.rows.findPlacement(record.id).then { placement in
            self.blobs.contains(record.id, at: placement?.locator).map {
                DeclaredUpload(record, grant, keepsBytes: !$0)
            }
        }
    }

    /// Begins to take a file's bytes; nothing touches the disk yet.
    ///
    /// - Parameters:
    ///   - declared: The file, as ``find(_:now:)`` gave it.
    ///   - checksums: What the client announced of the bytes.
    ///   - algorithms: What is computed besides, for checksums that follow the bytes.
    /// - Returns: The upload, to which bytes can be appended.
    /// - Throws: ``StorageError/writesRejected(_:)``, ``StorageError/full``.
    package func begin(
        _ declared: DeclaredUpload, checksums: [Checksum], algorithms: Set<Checksum.Algorithm> = []
    ) throws(StorageError) -> StagedUpload {
        let (record, grant) = (declared.record, declared.grant)
        try self.blobs.checkRoom(for: record.seal == nil ? record.declaration.size : nil)
        let signed = grant.signedPayload.map { [Checksum(field: "x-amz-content-sha256", sha256: $0)] } ?? []
        let body = self.blobs.stage(
            StagingRequest(
                id: record.id, length: .exactly(record.declaration.size),
                checksums: checksums + signed + grant.signedChecksums, algorithms: algorithms,
                keepsBytes: declared.keepsBytes))
        return StagedUpload(body, record, publisher: self.publisher, upload: self.underWay.begin(record.id))
    }
}

/// A declared file for which somebody has the right to send the bytes.
package struct DeclaredUpload: Sendable {
    /// The file.
    package let record: FileRecord
    fileprivate let grant: UploadGrant
    fileprivate let keepsBytes: Bool

    fileprivate init(_ record: FileRecord, _ grant: UploadGrant, keepsBytes: Bool) {
        self.record = record
        self.grant = grant
        self.keepsBytes = keepsBytes
    }
}
