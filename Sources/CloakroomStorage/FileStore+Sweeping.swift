public import CloakroomDomain
import Logging
import Synchronization

extension FileStore {
    /// How many files of a kind one step of a sweep takes.
    static let sweepBatch = 256
    /// How many files a sweep removes in a second at most, so that the disk and the catalogue are there for requests.
    public static let sweepFilesPerSecond = 4_000
    /// How long after the beginning of a step of a sweep the next one may begin.
    public static let sweepStepInterval = Duration.milliseconds(1_000 * sweepBatch / sweepFilesPerSecond)

    /// Finishes what a crash interrupted, before the first request: ends the packs that were being written, and removes
    /// the files of deleted rows; and remembers which URLs are revoked.
    ///
    /// - Parameter now: The current time.
    /// - Throws: ``StorageError``.
    public func recover(now: Timestamp) async throws(StorageError) {
        self.revocations.add(try self.catalog.revocations(since: self.revocations.horizon(now)))
        do throws(StorageError) {
            // What a failed flush left in the page cache only becomes durable, or the server does not start.
            try await self.catalog.makeDurable()
            let isComplete = try await self.blobs.packs.recover { header async throws(StorageError) in
                try await self.seal(by: header)
            }
            self.isRecoveryIncomplete.store(!isComplete, ordering: .relaxed)
        } catch .full {
            self.isRecoveryIncomplete.store(true, ordering: .relaxed)
            // Deletions have to make room first; what is left waits for the next start.
            self.blobs.health.report("The disk is too full to recover what a crash left in packs")
        }
        do throws(StorageError) {
            while try await self.removeDeleted() > 0 {}
        } catch .full {
            // The bytes are gone, and the sweep notes that once there is room.
        }
    }

    /// Seals a row, if it is pending, by a slot that is durable and whole.
    private func seal(by header: PackSlotHeader) async throws(StorageError) {
        guard let row = try self.catalog.file(header.id), row.seal == nil else { return }
        // A look-up would find this first.
        if try self.blobs.remove(header.id) { try self.blobs.synchronizeDirectories(of: [header.id]) }
        _ = try await self.catalog.seal(header.id, header.seal, at: header.slot)
    }

    /// Removes files that have ended, and what crashes and abandoned uploads left, a bounded step at a time.
    ///
    /// Steps that follow one another at ``sweepStepInterval`` remove at most ``sweepFilesPerSecond`` files a second.
    ///
    /// - Parameter now: The current time.
    /// - Returns: How many files were dealt with; 0 when there is nothing left to do.
    /// - Throws: ``StorageError``.
    public func sweep(now: Timestamp) async throws(StorageError) -> Int {
        var total = 0
        func count(_ number: Int, _ kind: SweepMetrics.Kind) {
            self.sweepMetrics.count(number, kind)
            total += number
        }
        count(try await self.deleteEnded(now: now), .ended)
        // A pending row may be an acknowledged one whose slot the start could not look at.
        if !self.isRecoveryIncomplete.load(ordering: .relaxed) {
            count(try await self.catalog.deleteAbandoned(now: now, limit: Self.sweepBatch), .abandoned)
        }
        count(try await self.removeDeleted(), .removed)
        count(try await self.giveBackDeleted(), .removed)
        count(try await self.forgetDeleted(now: now), .forgotten)
        count(
            try await self.catalog.forgetIdempotencyKeys(now: now, limit: Self.sweepBatch), .idempotencyKeys)
        self.revocations.prune(now: now)
        return total
    }

    /// Deletes files that have ended; whatever has their rows or bytes in memory drops them.
    private func deleteEnded(now: Timestamp) async throws(StorageError) -> Int {
        let ended = try await self.catalog.deleteEnded(now: now, limit: Self.sweepBatch)
        for id in ended {
            _ = self.recentFiles.take(id)
            self.readyFiles.drop(id)
            // One that stays open would be a reader, for whom its slot is kept.
            self.blobs.forgetOpen(id)
        }
        return ended.count
    }

    /// Removes blobs of files that are still pending: what a crash left between a blob's name and its row.
    ///
    /// - Parameter startedAt: When this process started; uploads it has taken itself are left alone.
    /// - Throws: ``StorageError``.
    public func removeOrphans(declaredBefore startedAt: Timestamp) async throws(StorageError) {
        let (catalog, blobs) = (self.catalog, self.blobs)
        let orphans = try await self.onDisk { () throws(StorageError) in
            var orphans: [FileID] = []
            for id in try catalog.pendingFiles(before: startedAt, limit: 100_000) where try blobs.hasOwnFile(id) {
                orphans.append(id)
            }
            return orphans
        }
        for id in orphans {
            try await self.alone(with: id) { () async throws(StorageError) in
                // Sealed meanwhile, or still pending with nobody at it: then the blob is an orphan.
                guard let record = try self.catalog.file(id), record.seal == nil else { return }
                if record.declaration.sha256 == nil {
                    try self.blobs.remove(id)
                } else {
                    // It may be what a damaged file waits for, from a disk that answers again.
                    _ = try self.blobs.moveToQuarantine(id)
                }
            }
        }
    }

    /// Removes the own files of deleted rows, up to a batch of them.
    private func removeDeleted() async throws(StorageError) -> Int {
        let removed = try await self.removals.next { last async throws(StorageError) in
            let ids = try self.catalog.filesToRemove(after: last, limit: Self.sweepBatch)
            let last = ids.count < Self.sweepBatch ? nil : ids.last
            return (last, ids.isEmpty ? [] : try await self.removeDurably(ids))
        }
        if !removed.isEmpty { try await self.catalog.markRemoved(removed) }
        return removed.count
    }

    /// Gives the slots of deleted rows back, up to a batch of them.
    private func giveBackDeleted() async throws(StorageError) -> Int {
        let packs = self.blobs.packs
        let removed = try await self.slotRemovals.next { last async throws(StorageError) in
            let deleted = try self.catalog.slotsToGiveBack(after: last, limit: Self.sweepBatch)
            guard !deleted.isEmpty else { return (nil, []) }
            let removed = try await self.onDisk { () throws(StorageError) in packs.giveBack(deleted) }
            return (deleted.count < Self.sweepBatch ? nil : deleted.last?.0, removed)
        }
        if !removed.isEmpty { try await self.catalog.markRemoved(removed) }
        return removed.count
    }

    private func forgetDeleted(now: Timestamp) async throws(StorageError) -> Int {
        let ids = try self.catalog.filesToForget(now: now, limit: Self.sweepBatch)
        guard !ids.isEmpty else { return 0 }
        // An upload that began before the deletion may have linked its bytes since, and crashed.
        let removed = try await self.removeDurably(ids)
        if !removed.isEmpty { try await self.catalog.forget(removed) }
        return removed.count
    }

    /// Removes blobs, and returns those that are durably gone; one that resists does not keep the others.
    private func removeDurably(_ ids: [FileID]) async throws(StorageError) -> [FileID] {
        let blobs = self.blobs
        return try await self.onDisk { () throws(StorageError) in
            var removed: [FileID] = []
            for id in ids {
                do throws(StorageError) {
                    try blobs.remove(id)
                    removed.append(id)
                } catch {
                    blobs.health.report("A deleted file's bytes cannot be removed", id, error)
                }
            }
            try blobs.synchronizeDirectories(of: removed)
            return removed
        }
    }
}
