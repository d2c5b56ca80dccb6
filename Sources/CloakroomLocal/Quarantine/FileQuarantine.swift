import CloakroomDisk
import CloakroomDomain
import CloakroomSQLite
import CloakroomStore
import CloakroomSystem
import Logging

/// Damaged files, and bytes that are no file's.
///
/// A damaged file's bytes leave the way of a download in this order, each step durable before the next; the comment
/// says what a crash after it leaves:
/// 1. what there is of the bytes is kept in `blobs/quarantine`: the same, for the next examination;
/// 2. the row turns into a pending one that takes the same bytes and no others: a blob under a pending row, which the
///    next start or upload moves to quarantine, or a slot to which no row refers, which the next start or a check gives back;
/// 3. the blob loses its name, or its slot is freed: nothing.
///
/// Uploads and deletions of the file wait meanwhile. The sweep does not; where the row has gone, nothing is done.
package struct FileQuarantine: Sendable {
    private let pair: LocalPair

    package init(_ pair: LocalPair) {
        self.pair = pair
    }

    /// For how long a file whose bytes were damaged waits for the same bytes, in seconds.
    package static let damagedGraceSeconds: Int64 = 30 * 86_400

    enum ActedDamage {
        /// All of it: a person has decided.
        case any
        /// Bytes that are there and wrong.
        case bytes
    }

    /// Begins to look at a file's bytes; `nil` where the file is not ready.
    func examination(of id: FileID, _ extent: ExaminationExtent) throws(StorageError) -> BlobExamination? {
        // Counted before the row is asked for, so that its slot stays until the examination is over.
        let reading = self.pair.blobs.packs.beginReading(id)
        guard let file = try self.pair.catalog.sealedFile(id) else { return nil }
        return BlobExamination(file, in: self.pair.blobs.tree, extent, reading: reading)
    }

    /// Looks at a file's bytes once more, and durably takes them out of the way if their damage is acted on; returns
    /// any damage, `nil` where the bytes are whole or the file is not ready any more.
    func quarantineIfDamaged(
        _ id: FileID, _ extent: ExaminationExtent, actsOn kind: ActedDamage = .any, now: Timestamp
    ) async throws(StorageError) -> BlobDamage? {
        try self.pair.health.checkWrites()
        return try await self.pair.alone(with: id) { () async throws(StorageError) -> BlobDamage? in
            guard let (file, damage) = try await self.confirmedDamage(of: id, extent) else { return nil }
            guard kind == .any || damage.isOfBytes else { return damage }
            let kept = try await self.pair.onDisk { () throws(StorageError) in try self.pair.blobs.keep(file) }
            let end = now.advanced(bySeconds: Self.damagedGraceSeconds)
            guard try await self.pair.catalog.markDamaged(file, uploadUntil: end, now: now) else {
                // It has expired or been deleted: its bytes are to go.
                try await self.pair.onDisk { () throws(StorageError) in try self.pair.blobs.takeBack(kept) }
                return nil
            }
            self.pair.health.report("The bytes of a file are damaged", id, damage.description)
            if kept != .nothing { self.pair.blobs.metrics.count(.damaged) }
            self.pair.blobs.countQuarantine()
            // What the disk does not give now, it may give later.
            if kept == .nothing, case .unreadable = damage {
                self.pair.forgetInMemory(id)
            } else {
                try await self.removeDamaged(file)
            }
            return damage
        }
    }

    /// Reads the row and the bytes again, while nobody else is at the file.
    private func confirmedDamage(
        of id: FileID, _ extent: ExaminationExtent
    ) async throws(StorageError) -> (SealedFile, BlobDamage)? {
        guard let examination = try self.examination(of: id, extent) else { return nil }
        var progress: BlobExamination.Progress
        repeat {
            progress = try await self.pair.onDisk { () throws(StorageError) in try examination.readNext() }
        } while progress.outcome == nil
        guard case .damaged(let damage) = progress.outcome else { return nil }
        return (examination.file, damage)
    }

    /// Drops damaged bytes whose row does not refer to them any more.
    private func removeDamaged(_ file: SealedFile) async throws(StorageError) {
        self.pair.forgetInMemory(file.id)
        try await self.pair.onDisk { () throws(StorageError) -> Void in
            guard let slot = file.slot else { return try self.pair.blobs.removeNameDurably(file.id) }
            // A row that is damaged itself, or a pack in another's place, may have led to what is another's.
            guard slot.isPossible, self.isCertainlyOf(file.id, slot), try !self.pair.catalog.refers(toPartOf: slot)
            else {
                return
            }
            try self.pair.blobs.packs.freeDurably(slot, of: file.id)
        }
    }

    /// Whether a slot begins with the header of a file's, right in its pack; without one, what lies there may be another's,
    /// and a check finds it.
    private func isCertainlyOf(_ id: FileID, _ slot: PackSlot) -> Bool {
        guard let header = try? PackReader(slot.pack, in: self.pair.blobs.tree).header(at: slot.offset) else {
            return false
        }
        return header.id == id && header.slot == slot
    }

    // MARK: What is no file's

    /// Looks through a shard's directory, and returns how many names there are, and the files that have neither a row
    /// nor a tombstone.
    func orphans(inShard shard: Int) async throws(StorageError) -> (names: Int, orphans: [FileID]) {
        let (catalog, tree) = (self.pair.catalog, self.pair.blobs.tree)
        return try await self.pair.onDisk { () throws(StorageError) in
            let names = try StorageError.throwing(tree.shards[shard]?.names() ?? [])
            let files = names.compactMap { BlobTree.fileID(named: $0, inShard: shard) }
            return (names.count, try catalog.unknownFiles(files))
        }
    }

    /// Moves a blob of no file into quarantine, after another look, and returns whether it was one; on return that is
    /// durable.
    func quarantineOrphan(_ id: FileID) async throws(StorageError) -> Bool {
        try self.pair.health.checkWrites()
        return try await self.pair.alone(with: id) { () async throws(StorageError) -> Bool in
            guard try !self.pair.catalog.unknownFiles([id]).isEmpty else { return false }
            let isMoved = try await self.pair.onDisk { () throws(StorageError) in
                try self.pair.blobs.moveToQuarantine(id)
            }
            if isMoved {
                self.pair.shared.openBlobs.forget(id)
                self.pair.health.report("A blob has no file", id, "in quarantine")
            }
            return isMoved
        }
    }

    /// Copies what lies in a part of a pack into quarantine and gives the part back, after another look.
    ///
    /// On return both are durable. Nobody may be adding to the pack.
    ///
    /// - Parameters:
    ///   - slot: The part.
    ///   - id: The file that the slot's header names; `nil` where there is none.
    /// - Returns: Whether that was done: no row and no tombstone refers to it, and it can be read.
    /// - Throws: ``StorageError``.
    func quarantineUnreferenced(_ slot: PackSlot, of id: FileID?) async throws(StorageError) -> Bool {
        try self.pair.health.checkWrites()
        return try await self.pair.onDisk { () throws(StorageError) -> Bool in
            guard try !self.isReferredTo(slot, of: id), try self.keep(slot, of: id) != .nothing else { return false }
            try self.pair.blobs.packs.freeDurably(slot)
            return true
        }
    }

    private func isReferredTo(_ slot: PackSlot, of id: FileID?) throws(StorageError) -> Bool {
        if let id { return try self.pair.catalog.refers(to: slot, of: id) }
        return try self.pair.catalog.refers(toPartOf: slot)
    }

    private func keep(_ slot: PackSlot, of id: FileID?) throws(StorageError) -> BlobStore.Kept {
        if let id { return try self.pair.blobs.keepBody(of: slot, as: id.uuid) }
        let range = slot.offset..<slot.offset + Int64(slot.length)
        return try self.pair.blobs.keepCopy(of: slot.pack, range, as: "\(slot.pack.fileName)-\(slot.offset)")
    }

    /// Removes what is there of a deleted file's bytes; on return they are durably gone.
    func removeBytes(of tombstone: Catalog.CheckedTombstone) async throws(StorageError) {
        let id = tombstone.id
        try await self.pair.alone(with: id) { () async throws(StorageError) -> Void in
            try await self.pair.onDisk { () throws(StorageError) -> Void in
                try self.pair.blobs.removeNameDurably(id)
                guard let slot = tombstone.slot, slot.isPossible, self.isCertainlyOf(id, slot) else { return }
                try self.pair.blobs.packs.freeDurably(slot)
            }
        }
    }
}
