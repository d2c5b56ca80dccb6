public import CloakroomDomain

extension FileStore {
    /// How many files one step of a sweep takes.
    static let sweepBatch = 256

    /// Removes the bytes of files whose deletion a crash interrupted; called before the first request.
    public func recover() async throws(StorageError) {
        while try await self.removeDeleted() > 0 {}
    }

    /// Removes what crashes and abandoned uploads left, a bounded step at a time.
    ///
    /// - Parameter now: The current time.
    /// - Returns: How many files were dealt with; 0 when there is nothing left to do.
    /// - Throws: ``StorageError``.
    public func sweep(now: Timestamp) async throws(StorageError) -> Int {
        let abandoned = try await self.catalog.deleteAbandoned(now: now, limit: Self.sweepBatch)
        let removed = try await self.removeDeleted()
        let forgotten = try await self.forgetDeleted(now: now)
        return abandoned + removed + forgotten
    }

    /// Removes blobs of files that are still pending: what a crash left between a blob's name and its row.
    ///
    /// - Parameter startedAt: When this process started; uploads it has taken itself are left alone.
    /// - Throws: ``StorageError``.
    public func removeOrphans(declaredBefore startedAt: Timestamp) async throws(StorageError) {
        for id in try self.catalog.pendingFiles(before: startedAt, limit: 100_000) where self.blobs.contains(id) {
            try await self.alone(with: id) { () async throws(StorageError) in
                // Sealed meanwhile, or still pending with nobody at it: then the blob is an orphan.
                guard let record = try self.catalog.file(id), record.seal == nil else { return }
                try self.blobs.remove(id)
            }
        }
    }

    private func removeDeleted() async throws(StorageError) -> Int {
        let ids = try self.catalog.filesToRemove(limit: Self.sweepBatch)
        guard !ids.isEmpty else { return 0 }
        try await self.removeDurably(ids)
        try await self.catalog.markRemoved(ids)
        return ids.count
    }

    private func forgetDeleted(now: Timestamp) async throws(StorageError) -> Int {
        let ids = try self.catalog.filesToForget(now: now, limit: Self.sweepBatch)
        guard !ids.isEmpty else { return 0 }
        // An upload that began before the deletion may have linked its bytes since, and crashed.
        try await self.removeDurably(ids)
        try await self.catalog.forget(ids)
        return ids.count
    }

    private func removeDurably(_ ids: [FileID]) async throws(StorageError) {
        let blobs = self.blobs
        try await self.onDisk { () throws(StorageError) in
            for id in ids { try blobs.remove(id) }
            try blobs.synchronizeDirectories(of: ids)
        }
    }
}
