import CloakroomCrypto
import CloakroomDomain
import NIOCore
import NIOPosix

/// The end of an upload whose bytes are there: their name first, then the row.
extension FileStore {
    /// Completes a promise with the outcome of work for which this file's turn was taken, which ends before.
    func complete(
        _ promise: EventLoopPromise<Sealed>, endingTurnOf id: FileID,
        _ body: @escaping @Sendable () async throws(StorageError) -> Sealed
    ) {
        promise.completeWithTask {
            defer { self.locks.pass(id) }
            return try await body()
        }
    }

    static func result(
        of outcome: Result<Catalog.SealOutcome, StorageError>, _ digest: SHA256Digest
    ) throws(StorageError) -> Sealed {
        switch outcome {
        case .success(.sealed): Sealed(sha256: digest, isRepetition: false)
        case .success(.alreadySealed(let sealed)): try Self.compare(digest, with: sealed)
        case .success(.missing): throw .notFound
        case .success(.otherDeclared(let declared)):
            throw .badDigest(.init(field: "sha256", expected: declared.hexadecimal, received: digest.hexadecimal))
        case .failure(let error): throw error
        }
    }

    /// Publishes on this thread, which may block, what nobody else is at and nobody has uploaded before; anything else
    /// goes the longer way.
    func publishFirst(
        _ staged: StagedBlob, _ digest: SHA256Digest, now: Timestamp, _ promise: EventLoopPromise<Sealed>
    ) throws(StorageError) {
        let id = staged.fileID
        guard self.locks.lockIfFree(id) else {
            promise.completeWithTask { try await self.publish(staged, digest, now: now) }
            return
        }
        do throws(StorageError) {
            guard let current = try self.catalog.file(id), !current.isExpired(at: now) else { throw .notFound }
            let hasOwnFile = try self.blobs.hasOwnFile(id)
            guard current.seal == nil, !hasOwnFile, try staged.publish() else {
                self.complete(promise, endingTurnOf: id) { () async throws(StorageError) in
                    try await self.publishAlone(staged, digest, now: now)
                }
                return
            }
        } catch {
            self.locks.pass(id)
            throw error
        }
        self.catalog.seal(id, .init(sha256: digest, uploadedAt: now), at: nil, durability: .required) { outcome in
            guard case .success(.sealed) = outcome else {
                return self.complete(promise, endingTurnOf: id) { () async throws(StorageError) in
                    try await self.settle(id, digest, outcome)
                }
            }
            self.locks.pass(id)
            promise.succeed(Sealed(sha256: digest, isRepetition: false))
        }
    }

    /// Publishes bytes and marks their row, alone among the uploads and deletions of this file.
    func publish(_ staged: StagedBlob, _ digest: SHA256Digest, now: Timestamp) async throws(StorageError) -> Sealed {
        try await self.locks.take(staged.fileID) { () async throws(StorageError) in
            try await self.publishAlone(staged, digest, now: now)
        }
    }

    func publishAlone(
        _ staged: StagedBlob, _ digest: SHA256Digest, now: Timestamp
    ) async throws(StorageError) -> Sealed {
        guard let current = try self.catalog.file(staged.fileID), !current.isExpired(at: now) else { throw .notFound }
        if let seal = current.seal {
            let repetition = try Self.compare(digest, with: seal.sha256)
            // The bytes of a ready file can only have been lost; here they are again.
            if try !self.blobs.contains(staged.fileID) {
                try await self.heal(staged)
            }
            return repetition
        }
        // The row is pending and nobody else publishes: a crash came between a blob's name and its row.
        if let seal = try await self.adopt(current) { return try Self.compare(digest, with: seal.sha256) }
        let isPublished = try await self.onDisk { () throws(StorageError) in try staged.publish() }
        guard isPublished else { throw .failed("a pending file's blob appeared while it was being sealed") }
        let outcome: Result<Catalog.SealOutcome, StorageError>
        do throws(StorageError) {
            outcome = .success(try await self.catalog.seal(staged.fileID, .init(sha256: digest, uploadedAt: now)))
        } catch {
            outcome = .failure(error)
        }
        return try await self.settle(staged.fileID, digest, outcome)
    }

    /// Gives a ready file, whose bytes have been lost, a file of its own.
    private func heal(_ staged: StagedBlob) async throws(StorageError) {
        let id = staged.fileID
        let isPublished = try await self.onDisk { () throws(StorageError) in
            try staged.publish()
        }
        // An upload that was only hashed has nothing to heal with; it can be sent again.
        guard isPublished else { throw .failed("the bytes of a ready file were lost while it was uploaded again") }
        if let slot = try self.catalog.slot(id) {
            try await self.catalog.removeLocator(of: id)
            try? await self.free(slot, of: id)
        }
        self.blobs.forgetOpen(id)
    }

    /// Ends an upload whose blob has its name by what became of its row.
    private func settle(
        _ id: FileID, _ digest: SHA256Digest, _ outcome: Result<Catalog.SealOutcome, StorageError>
    ) async throws(StorageError) -> Sealed {
        switch outcome {
        // The row that was sealed before refers to the same name.
        case .success(.sealed), .success(.alreadySealed): break
        // After another failure it is open what was committed. Then the blob stays: a row that says ready must find it,
        // and a pending row is sealed with it by the next upload or start.
        case .success(.missing), .success(.otherDeclared), .failure(.full): try await self.removeBlob(id)
        case .failure: break
        }
        return try Self.result(of: outcome, digest)
    }

    private static func compare(_ digest: SHA256Digest, with sealed: SHA256Digest) throws(StorageError) -> Sealed {
        guard digest == sealed else { throw .alreadySealed }
        return Sealed(sha256: digest, isRepetition: true)
    }
}
