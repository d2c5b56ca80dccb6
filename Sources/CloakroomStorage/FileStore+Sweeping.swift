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
        count(try await self.deleteExpired(now: now), .ended)
        // A pending row may be an acknowledged one whose slot the start could not look at.
        if !self.isRecoveryIncomplete.load(ordering: .relaxed) {
            let (limit, uploads) = (Self.sweepBatch, self.uploadsUnderWay)
            let abandoned = try await self.catalog.deleteAbandoned(now: now, limit: limit) { uploads.contains($0) }
            count(abandoned, .abandoned)
        }
        count(try await self.removeDeleted(), .removed)
        count(try await self.freeDeleted(), .removed)
        count(try await self.forgetDeleted(now: now), .forgotten)
        count(
            try await self.catalog.forgetIdempotencyKeys(now: now, limit: Self.sweepBatch), .idempotencyKeys)
        self.revocations.prune(now: now)
        return total
    }

    /// Deletes files that have ended; whatever has their rows or bytes in memory drops them.
    private func deleteExpired(now: Timestamp) async throws(StorageError) -> Int {
        let ended = try await self.catalog.deleteExpired(now: now, limit: Self.sweepBatch)
        for id in ended {
            _ = self.pendingFileCache.take(id)
            self.readyFiles.drop(id)
            // One that stays open would be a reader, for whom its slot is kept.
            self.blobs.forgetOpen(id)
        }
        return ended.count
    }

    /// Removes the own files of deleted rows, up to a batch of them.
    func removeDeleted() async throws(StorageError) -> Int {
        let removed = try await self.removals.next { last async throws(StorageError) in
            let ids = try self.catalog.filesToRemove(after: last, limit: Self.sweepBatch)
            let last = ids.count < Self.sweepBatch ? nil : ids.last
            return (last, ids.isEmpty ? [] : try await self.removeDurably(ids))
        }
        if !removed.isEmpty { try await self.catalog.markRemoved(removed) }
        return removed.count
    }

    /// Gives the slots of deleted rows back, up to a batch of them.
    private func freeDeleted() async throws(StorageError) -> Int {
        let packs = self.blobs.packs
        let removed = try await self.slotRemovals.next { last async throws(StorageError) in
            let deleted = try self.catalog.locatorsToFree(after: last, limit: Self.sweepBatch)
                .map { ($0.0, PackSlot($0.1)) }
            guard !deleted.isEmpty else { return (nil, []) }
            let removed = try await self.onDisk { () throws(StorageError) in packs.free(deleted) }
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
