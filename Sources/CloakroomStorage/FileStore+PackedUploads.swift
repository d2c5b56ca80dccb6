import CloakroomCrypto
import CloakroomDomain
import Logging
import NIOCore

/// Uploads of small bodies: the pack first, then the row, which says where in it the body lies.
extension FileStore {
    /// Packs a body that nobody else is at and that has not been uploaded before; any other goes the longer way.
    func pack(_ staged: StagedBlob, _ digest: SHA256Digest, now: Timestamp, _ promise: EventLoopPromise<Sealed>) {
        let id = staged.fileID
        guard let body = staged.body, self.locks.lockIfFree(id) else {
            promise.completeWithTask { try await self.publish(staged, digest, now: now) }
            return
        }
        // Another may have been sealed since the row was read: a slot that is added now would be newer than the one that
        // counts. A file of its own is what a crash left; so may be one of which it cannot be told.
        guard self.isUnsealed(id), (try? self.blobs.hasOwnFile(id)) == false else {
            return self.complete(promise, endingTurnOf: id) { () async throws(StorageError) in
                try await self.publishAlone(staged, digest, now: now)
            }
        }
        let seal = FileRecord.Seal(sha256: digest, uploadedAt: now)
        self.blobs.packs.writer.append(SmallBody(id: id, seal: seal, origin: .declared, bytes: body)) { outcome in
            switch outcome {
            case .success(.packed(let slot)): self.seal(id, seal, at: slot, promise)
            case .success(.noRoom):
                self.complete(promise, endingTurnOf: id) { () async throws(StorageError) in
                    try await self.publishAlone(staged, digest, now: now)
                }
            case .failure(let error):
                self.locks.pass(id)
                promise.fail(error)
            }
        }
    }

    /// Whether it is certain that a file is not sealed.
    private func isUnsealed(_ id: FileID) -> Bool {
        do throws(StorageError) {
            return try self.catalog.placement(id) == nil
        } catch {
            return false
        }
    }

    private func seal(
        _ id: FileID, _ seal: FileRecord.Seal, at slot: PackSlot, _ promise: EventLoopPromise<Sealed>
    ) {
        self.catalog.seal(id, seal, at: slot.locator, durability: .rebuildable) { outcome in
            guard case .success(.sealed) = outcome else {
                return self.complete(promise, endingTurnOf: id) { () async throws(StorageError) in
                    guard await self.discard(slot, of: id, after: Self.error(outcome)) else {
                        return Sealed(sha256: seal.sha256, isRepetition: false)
                    }
                    return try Self.result(of: outcome, seal.sha256)
                }
            }
            self.locks.pass(id)
            promise.succeed(Sealed(sha256: seal.sha256, isRepetition: false))
        }
    }

    private static func error(_ outcome: Result<Catalog.SealOutcome, StorageError>) -> StorageError? {
        if case .failure(let error) = outcome { error } else { nil }
    }

    /// Gives a slot back on a thread that may block, as soon as nobody reads it.
    func free(_ slot: PackSlot, of id: FileID) async throws(StorageError) {
        try await self.onDisk { () throws(StorageError) in try self.blobs.packs.free(slot, of: id) }
    }

    /// Gives a slot back after its row could not be committed as ready.
    ///
    /// While this file's turn is held, so that nobody seals the file otherwise before the slot is gone.
    ///
    /// - Parameters:
    ///   - slot: The slot.
    ///   - id: The file.
    ///   - error: Why the row could not be committed; `nil` where it is certain that another slot or none counts.
    /// - Returns: `false` where the row refers to the slot, because the commit was one after all; it is durable then.
    func discard(_ slot: PackSlot, of id: FileID, after error: StorageError?) async -> Bool {
        do throws(StorageError) {
            if let error, error != .full {
                // A commit whose flush failed may still be in the log, where the next start would find it. Another commit
                // takes its place. Where that fails, the slot stays for start-up, which sees what counts.
                try await self.catalog.checkWritable()
            }
            return try await self.onDisk { () throws(StorageError) in
                guard try self.catalog.slot(id) != slot else { return false }
                try self.blobs.packs.freeDurably(slot)
                return true
            }
        } catch let failure {
            // A pending row's slot must not come back beside a later upload's.
            if error != nil {
                self.blobs.health.rejectWrites("a slot of \(id) cannot be freed: \(failure)")
            } else {
                self.blobs.health.report("A slot cannot be freed", id, failure)
            }
            return true
        }
    }
}
