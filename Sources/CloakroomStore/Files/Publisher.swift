import CloakroomCrypto
import CloakroomDomain

/// The one way from a staged body to a ready file, for every kind of upload: the bytes first, then the row that refers to
/// them.
///
/// A file's uploads and its deletion take turns. A crash between bytes and row leaves bytes that the next upload or start
/// seals the row with, or that nothing refers to.
final class Publisher: Sendable {
    private let rows: any FileRows
    private let blobs: any BlobEngine
    private let locks: FileLocks
    private let openBlobs: OpenBlobCache

    init(rows: any FileRows, blobs: any BlobEngine, locks: FileLocks, openBlobs: OpenBlobCache) {
        self.rows = rows
        self.blobs = blobs
        self.locks = locks
        self.openBlobs = openBlobs
    }

    /// Publishes the bytes of a file whose row is there.
    ///
    /// - Parameters:
    ///   - body: All of whose bytes have arrived.
    ///   - id: The file.
    ///   - declaration: What was declared of it.
    ///   - digest: The digest of the bytes.
    ///   - now: The current time.
    /// - Returns: What was published; the bytes and the row are durable.
    /// - Throws: ``StorageError``; the file is then as it was before, unless nobody can tell whether the row was committed.
    func publish(
        _ body: any StagedBody, as id: FileID, _ declaration: UploadDeclaration, _ digest: SHA256Digest, now: Timestamp
    ) async throws(StorageError) -> Publication {
        try await self.locks.take(id) { () async throws(StorageError) in
            if let placement = try await self.rows.findPlacement(id).value() {
                return try await self.repeatUpload(body, digest, of: placement, now: now)
            }
            try await self.requireRow(id, declaration, now: now)
            let seal = FileRecord.Seal(sha256: digest, uploadedAt: now)
            switch try await body.store(id, seal, .rowFirst(declaration)) {
            case .stored(let stored): return try await self.seal(id, seal, stored)
            case .present(let earlier): return try await self.sealEarlier(id, earlier, digest)
            case .needsRow: throw .failed("a body was not stored although its row is there")
            }
        }
    }

    /// Passes unless a large body would be stored although its file has been deleted or has expired.
    ///
    /// Of a small one the seal finds that out: mostly it is packed, and has no name that a crash could leave.
    private func requireRow(
        _ id: FileID, _ declaration: UploadDeclaration, now: Timestamp
    ) async throws(StorageError) {
        guard declaration.size.bytes > Int64(Placement.smallLength) else { return }
        guard let row = try await self.rows.find(id).value(), !row.isExpired(at: now) else { throw .notFound }
    }

    /// Publishes the bytes of a file that has no row yet, with the row.
    ///
    /// - Parameters:
    ///   - body: All of whose bytes have arrived.
    ///   - record: The row to add, pending.
    ///   - digest: The digest of the bytes.
    /// - Returns: The ready file, with the expiry that counts for it; bytes and row are durable.
    /// - Throws: ``StorageError``; nothing is left then, unless nobody can tell whether the row was committed.
    func publishNew(
        _ body: any StagedBody, _ record: FileRecord, _ digest: SHA256Digest
    ) async throws(StorageError) -> FileRecord {
        let seal = FileRecord.Seal(sha256: digest, uploadedAt: record.createdAt)
        switch try await body.store(record.id, seal, .bytesFirst) {
        case .stored(let stored): return try await self.insert(record.sealed(seal), stored)
        case .present: throw .failed("a new file has bytes already")
        case .needsRow:
            let added = try await self.rows.insert(record, at: nil, request: nil).added
            _ = try await self.publish(body, as: record.id, record.declaration, digest, now: record.createdAt)
            return added.sealed(seal)
        }
    }

    // MARK: Rows of stored bytes

    private func seal(
        _ id: FileID, _ seal: FileRecord.Seal, _ stored: StoredBody
    ) async throws(StorageError) -> Publication {
        defer { withExtendedLifetime(stored) {} }
        let outcome: SealOutcome
        do throws(StorageError) {
            outcome = try await self.rows.seal(id, seal, at: stored.locator, durability: stored.durability)
        } catch {
            guard await self.blobs.discard(stored, of: id, after: error) else {
                return Publication(sha256: seal.sha256, isRepetition: false)
            }
            throw error
        }
        guard outcome != .sealed else { return Publication(sha256: seal.sha256, isRepetition: false) }
        _ = await self.blobs.discard(stored, of: id, after: nil)
        switch outcome {
        case .sealed: return Publication(sha256: seal.sha256, isRepetition: false)
        case .alreadySealed(let sealed): return try Self.compare(seal.sha256, with: sealed)
        case .missing: throw .notFound
        case .otherDeclared(let declared):
            throw .badDigest(
                .init(field: "sha256", expected: declared.hexadecimal, received: seal.sha256.hexadecimal))
        }
    }

    /// Seals a pending row with the bytes that a crash left, which may have been acknowledged.
    private func sealEarlier(
        _ id: FileID, _ seal: FileRecord.Seal, _ digest: SHA256Digest
    ) async throws(StorageError) -> Publication {
        switch try await self.rows.seal(id, seal, at: nil, durability: .required) {
        case .sealed, .alreadySealed: return try Self.compare(digest, with: seal.sha256)
        case .missing, .otherDeclared: throw .notFound
        }
    }

    private func insert(_ ready: FileRecord, _ stored: StoredBody) async throws(StorageError) -> FileRecord {
        defer { withExtendedLifetime(stored) {} }
        let outcome: InsertOutcome
        do throws(StorageError) {
            outcome = try await self.rows.insert(ready, at: stored.locator, request: nil)
        } catch {
            guard await self.blobs.discard(stored, of: ready.id, after: error) else {
                // The row is there after all, with the expiry that counts.
                return try await self.rows.find(ready.id).value() ?? ready
            }
            throw error
        }
        do throws(StorageError) {
            return try outcome.added
        } catch {
            _ = await self.blobs.discard(stored, of: ready.id, after: nil)
            throw error
        }
    }

    // MARK: Repetitions

    private func repeatUpload(
        _ body: any StagedBody, _ digest: SHA256Digest, of placement: Placement, now: Timestamp
    ) async throws(StorageError) -> Publication {
        if let end = placement.expiresAt, end <= now { throw .notFound }
        let repetition = try Self.compare(digest, with: placement.digest)
        if try await !self.blobs.contains(placement.id, at: placement.locator).value() {
            try await self.replace(placement, by: body)
        }
        return repetition
    }

    /// Gives a ready file, whose bytes have been lost, the same bytes again.
    private func replace(
        _ placement: Placement, by body: any StagedBody
    ) async throws(StorageError) {
        let seal = FileRecord.Seal(sha256: placement.digest, uploadedAt: placement.representation.uploadedAt)
        guard case .stored(let stored) = try await body.store(placement.id, seal, .replacement) else {
            // An upload that was only hashed has nothing to heal with; it can be sent again.
            throw .failed("the bytes of a ready file were lost while it was uploaded again")
        }
        if placement.locator != stored.locator {
            try await self.rows.relocate(placement.id, to: stored.locator)
            if let locator = placement.locator {
                try? await self.blobs.release(locator, of: placement.id)
            }
        }
        self.openBlobs.forget(placement.id)
    }

    private static func compare(
        _ digest: SHA256Digest, with sealed: SHA256Digest
    ) throws(StorageError) -> Publication {
        guard digest == sealed else { throw .alreadySealed }
        return Publication(sha256: digest, isRepetition: true)
    }
}

extension InsertOutcome {
    /// The row that was added by a request without an idempotency key; throws why none was.
    var added: FileRecord {
        get throws(StorageError) {
            switch self {
            case .inserted(let file): return file
            case .repeated: throw .failed("a request without an idempotency key was recognized")
            case .keyReused: throw .idempotencyKeyReused
            case .exceedsQuota(let excess): throw .quotaExceeded(excess)
            }
        }
    }
}
