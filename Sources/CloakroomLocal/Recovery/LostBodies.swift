import CloakroomDisk
package import CloakroomDomain
import CloakroomSQLite
package import CloakroomStore
import CloakroomSystem
import Logging

/// Bodies whose rows are lost.
///
/// A file's row is durable before its upload URL is given out. So a body of a file that had been declared, with neither a
/// row nor a tombstone, says that rows have been lost. It is kept in the quarantine and stays where it is, too: the right
/// catalogue may be put back.
package struct LostBodies: Sendable {
    private let pair: LocalPair

    package init(_ pair: LocalPair) {
        self.pair = pair
    }

    /// Notes a body whose row is lost, durably, and returns whether it is new; for whoever is alone with the file, or
    /// before requests.
    func lose(_ id: FileID, in slot: PackSlot?, now: Timestamp) async throws(StorageError) -> Bool {
        guard try !self.pair.catalog.unknownFiles([id]).isEmpty, try !self.pair.catalog.isLost(id) else { return false }
        let blobs = self.pair.blobs
        let kept = try await self.pair.onDisk { () throws(StorageError) in
            if let slot { try blobs.keepBody(of: slot, as: id.uuid) } else { try blobs.keepOwnFile(of: id) }
        }
        // Its name has gone meanwhile.
        guard kept != .nothing else { return false }
        try await self.pair.catalog.noteLostBodies([id], now: now)
        if case .added = kept { self.pair.blobs.metrics.count(.lostRow) }
        blobs.health.report(
            "A database row is missing for a stored file", id, "copied to quarantine; the original was kept")
        return true
    }

    /// Notes a blob without a row, unless that has been done, and returns whether it is new.
    func loseOrphan(_ id: FileID, in slot: PackSlot? = nil, now: Timestamp) async throws(StorageError) -> Bool {
        try self.pair.health.checkWrites()
        return try await self.pair.alone(with: id) { () async throws(StorageError) -> Bool in
            try await self.lose(id, in: slot, now: now)
        }
    }

    /// Looks for bodies whose rows are lost, if a run before did not stop in an orderly way and nobody has looked
    /// since.
    package func find(now: Timestamp) async throws(StorageError) {
        // It looks through the names of all files and the slots that were packed since that run began. Rows that are
        // still pending are sealed by slots that are whole. A search that is cancelled or fails begins anew at the next
        // start.
        guard let since = try self.pair.catalog.searchSince() else { return }
        for shard in 0..<BlobStore.shardCount {
            guard !Task.isCancelled else { return }
            var found = 0
            for id in try await FileQuarantine(self.pair).orphans(inShard: shard).orphans {
                if try await self.loseOrphan(id, now: now) { found += 1 }
            }
            if found > 0 { self.measureLoss() }
        }
        let earliest = PackID.earliest(since: since)
        for id in try self.pair.blobs.packs.packIDs().sorted() where id.number >= earliest {
            guard !Task.isCancelled else { return }
            if try await self.find(in: id, now: now) > 0 { self.measureLoss() }
        }
        try await self.pair.catalog.endSearch()
    }

    /// Tells the metrics what is missing, and how much is in quarantine.
    func measureLoss() {
        self.pair.blobs.metrics.lost((try? self.pair.catalog.lostHistory())?.bodies ?? 0)
        self.pair.blobs.countQuarantine()
    }

    private func find(in id: PackID, now: Timestamp) async throws(StorageError) -> Int {
        let (tree, length) = (self.pair.blobs.tree, self.pair.blobs.packs.packLength)
        let slots = try await self.pair.onDisk { () throws(StorageError) -> [PackSlotHeader] in
            do throws(SystemCallError) {
                let pack = try PackReader(id, in: tree)
                // To one of full length slots are being added, or the start could not read it.
                guard pack.secret != nil, pack.length < length else { return [] }
                return try PackContent(pack).slots
            } catch {
                // One without slots is removed.
                guard BlobDamage(error) == nil else { return [] }
                throw error.storageError
            }
        }
        var found = 0
        for header in slots where try !self.pair.catalog.refers(to: header.slot, of: header.id) {
            if try !self.pair.catalog.unknownFiles([header.id]).isEmpty {
                guard header.origin == .declared else { continue }
                if try await self.loseOrphan(header.id, in: header.slot, now: now) { found += 1 }
            } else {
                try await self.pair.alone(with: header.id) { () async throws(StorageError) in
                    try await self.sealIfWhole(by: header)
                }
            }
        }
        return found
    }

    /// Seals a pending row by a slot of which all has been read and found right.
    private func sealIfWhole(by header: PackSlotHeader) async throws(StorageError) {
        guard let row = try self.pair.catalog.file(header.id), row.seal == nil else { return }
        let file = SealedFile(
            id: header.id, size: row.declaration.size, seal: header.seal, locator: header.slot.locator)
        let outcome = try await self.pair.onDisk { () throws(StorageError) in
            try BlobExamination(file, in: self.pair.blobs.tree, .data).outcome()
        }
        guard outcome == .whole else { return }
        try await self.pair.seal(by: header)
    }
}
