public import CloakroomDomain
import Logging

/// Bodies whose rows are lost.
///
/// A file's row is durable before its upload URL is given out. So a body of a file that had been declared, with neither a
/// row nor a tombstone, says that rows have been lost. It is kept in the quarantine and stays where it is, too: the right
/// catalogue may be put back.
extension FileStore {
    /// Notes a body whose row is lost; on return that is durable.
    ///
    /// - Parameters:
    ///   - id: The file.
    ///   - slot: Where it is packed; `nil` for a file of its own.
    ///   - now: The current time.
    /// - Throws: ``StorageError``.
    func lose(_ id: FileID, in slot: PackSlot?, now: Timestamp) async throws(StorageError) {
        let blobs = self.blobs
        let kept = try await self.onDisk { () throws(StorageError) in
            if let slot { try blobs.keepBody(of: slot, as: id.uuid) } else { try blobs.keepOwnFile(of: id) }
        }
        try await self.catalog.noteLostBodies([id], now: now)
        if case .added = kept { self.quarantineMetrics.count(.lostRow) }
        self.quarantineMetrics.lost(try self.catalog.lostHistory()?.bodies ?? 0)
        self.countQuarantine()
        self.blobs.health.report("History was lost: a body has no row", id, "in quarantine, and left where it was")
    }

    /// Looks for bodies whose rows are lost, where the run before did not stop in an orderly way.
    ///
    /// It looks through the names of all files and the slots that the run before has packed. Rows that are still pending
    /// are sealed by slots that are whole. It takes its time: between two directories others have their turn.
    ///
    /// - Parameter now: The current time.
    /// - Throws: ``StorageError``; nothing that was found is forgotten.
    public func findLostBodies(now: Timestamp) async throws(StorageError) {
        guard let examination = self.catalog.examination, !examination.isOrderly else { return }
        let known = Set(try self.catalog.lostBodies())
        for shard in 0..<BlobStore.shardCount {
            let orphans = try await self.orphans(inShard: shard).orphans
            for id in orphans where !known.contains(id) { try await self.lose(id, in: nil, now: now) }
            await Task.yield()
        }
        let earliest = PackID.earliest(since: self.catalog.previousStart)
        for id in try self.blobs.packs.packIDs().sorted() where id.number >= earliest {
            try await self.findLostBodies(in: id, except: known, now: now)
        }
    }

    private func findLostBodies(in id: PackID, except known: Set<FileID>, now: Timestamp) async throws(StorageError) {
        let (tree, length) = (self.blobs.tree, self.blobs.packs.packLength)
        let slots = try await self.onDisk { () throws(StorageError) -> [PackSlotHeader] in
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
        for header in slots where try !self.catalog.refers(to: header.slot, of: header.id) {
            if try !self.catalog.unknownFiles([header.id]).isEmpty {
                guard header.origin == .declared, !known.contains(header.id) else { continue }
                try await self.lose(header.id, in: header.slot, now: now)
            } else {
                try await self.alone(with: header.id) { () async throws(StorageError) in
                    try await self.sealIfWhole(by: header)
                }
            }
        }
    }

    /// Seals a pending row by a slot of which all has been read and found right.
    private func sealIfWhole(by header: PackSlotHeader) async throws(StorageError) {
        guard let row = try self.catalog.file(header.id), row.seal == nil else { return }
        let file = SealedFile(id: header.id, size: row.declaration.size, seal: header.seal, slot: header.slot)
        let outcome = try await self.onDisk { () throws(StorageError) in
            try BlobExamination(file, in: self.blobs.tree, .data).outcome()
        }
        guard outcome == .whole else { return }
        try await self.seal(by: header)
    }

    /// Tells the metrics how much is in quarantine.
    func countQuarantine() {
        guard let names = try? self.blobs.quarantine.names() else { return }
        self.quarantineMetrics.holds(names.count)
    }
}
