import CloakroomDisk
package import CloakroomDomain
import CloakroomSQLite
package import CloakroomStore
import CloakroomSystem
import Logging
import Synchronization

/// What a start makes of what a crash, or damage, left.
package struct Recovery: Sendable {
    let pair: LocalPair
    private let storage: Storage
    private let lostBodies: LostBodies

    init(_ pair: LocalPair, _ storage: Storage) {
        self.pair = pair
        self.storage = storage
        self.lostBodies = LostBodies(pair)
    }

    /// Finishes what a crash interrupted, before the first request: ends the packs that were being written, removes the
    /// files of deleted rows, and seals pending files whose bytes are there; and remembers which URLs are revoked.
    package func run(now: Timestamp) async throws(StorageError) {
        // Where the database turns out to be damaged, it ends early: then nothing is written, and reads go on as far as
        // they can.
        // Without these no URL is served.
        try await self.storage.revocations.load(now: now)
        try await self.unlessDamaged { () async throws(StorageError) in try await self.recoverAll(now: now) }
    }

    /// Runs a step of a start; one that fails because the database is damaged is left out.
    private func unlessDamaged(_ step: () async throws(StorageError) -> Void) async throws(StorageError) {
        do throws(StorageError) {
            try await step()
        } catch {
            guard self.pair.health.rejection?.isOfDamage == true else { throw error }
        }
    }

    private func recoverAll(now: Timestamp) async throws(StorageError) {
        do throws(StorageError) {
            if case .lost(let detail) = self.pair.catalog.examination?.outcome {
                try await self.noteLoss(detail, now: now)
            }
            // What a failed flush left in the page cache only becomes durable, or the server does not start.
            try await self.pair.catalog.makeDurable()
            let isComplete = try await self.recoverPacks(now: now)
            if !isComplete { self.storage.retention.sparePending() }
        } catch .full {
            self.storage.retention.sparePending()
            // Deletions have to make room first; what is left waits for the next start.
            self.pair.health.report("The disk is too full to recover what a crash left in packs")
        }
        do throws(StorageError) {
            while try await self.storage.retention.removeDeleted(.byID) > 0 {}
        } catch .full {
            // The bytes are gone, and the sweep notes that once there is room.
        }
        let isSearchDue = try self.pair.catalog.searchSince() != nil
        if isSearchDue || self.pair.catalog.examination?.isOrderly == false { try await self.adoptBlobs() }
        self.lostBodies.measureLoss()
    }

    /// Notes that transactions are missing, once for what one start finds.
    private func noteLoss(_ detail: String, now: Timestamp) async throws(StorageError) {
        self.pair.catalog.unnotedLoss.withLock { $0 = detail }
        try await self.pair.catalog.noteLostHistory(detail, now: now)
        self.pair.catalog.unnotedLoss.withLock { $0 = nil }
        // It speaks of what has been noted; a start that fails from here on must not find it again.
        try StorageError.throwing(HistoryMarkWriter.reset(in: self.pair.blobs.root))
    }

    /// Counts the start in the store's history, once nothing can fail any more: one that fails leaves the catalogue as old as
    /// its copies.
    package func beginRun(now: Timestamp) async throws(StorageError) {
        try await self.unlessDamaged { () async throws(StorageError) in
            do throws(StorageError) {
                try await self.pair.catalog.beginHistory(
                    blobs: self.pair.blobs.root, data: self.pair.blobs.data, now: now)
            } catch .full {
                self.pair.health.report("The disk is too full to count the start of the store")
            }
        }
    }

    /// Ends the packs to which slots were being added, before any are added by this process, and returns whether all
    /// are ended.
    private func recoverPacks(now: Timestamp) async throws(StorageError) -> Bool {
        // A whole slot whose row is pending seals it: the client may have been told. The newest of a file counts:
        // before it there can only be one of an upload that failed, as no slot is added for a file that is sealed.
        let (packs, isComplete) = try self.pair.blobs.packs.unendedPacks()
        for unended in packs {
            for header in unended.slots.reversed() where unended.isWhole(header) {
                try await self.pair.seal(by: header)
            }
        }
        // Before a pack is ended, after which nobody looks for seals in it.
        try await self.pair.catalog.makeDurable()
        var outcomes: [PackID: [(PackSlotHeader, SlotOutcome)]] = [:]
        for unended in packs {
            for header in unended.slots {
                outcomes[unended.id, default: []].append((header, try self.outcome(of: header, in: unended)))
            }
        }
        for (header, outcome) in outcomes.values.joined() where outcome == .lost {
            _ = try await self.lostBodies.lose(header.id, in: header.slot, now: now)
        }
        let hasLostHistory = try self.pair.catalog.lostHistory() != nil
        for unended in packs {
            var unused: [PackSlot] = []
            for (header, outcome) in outcomes[unended.id] ?? [] {
                switch outcome {
                case .used, .lost: break
                case .surplus: unused.append(header.slot)
                case .incomplete where !hasLostHistory: unused.append(header.slot)
                case .incomplete, .unclear:
                    if try self.keep(header) { unused.append(header.slot) }
                }
            }
            try self.reportStrayPages(of: unended)
            guard unended.isComplete else { continue }
            try self.pair.blobs.packs.end(unended, freeing: unused) { () throws(StorageError) in
                try self.pair.catalog.slots(in: unended.id)
            }
        }
        return isComplete
    }

    // MARK: Slots without a row

    /// What a start makes of a slot.
    private enum SlotOutcome: Hashable {
        /// A row refers to it.
        case used
        /// Its file has been deleted, has other bytes that count, or was still being sent.
        case surplus
        /// It is of an upload in one request that was not completed, as far as the catalogue has all rows.
        case incomplete
        /// Its file had been declared, and there is no row: history is lost.
        case lost
        /// None of these.
        case unclear
    }

    private func outcome(of header: PackSlotHeader, in unended: UnendedPack) throws(StorageError) -> SlotOutcome {
        if try self.pair.catalog.slot(header.id) == header.slot { return .used }
        if let row = try self.pair.catalog.file(header.id) {
            if row.seal != nil {
                let slot = try self.pair.catalog.slot(header.id)
                return try self.pair.blobs.contains(header.id, in: slot) ? .surplus : .unclear
            }
            // What is whole has sealed its row: the power was cut while this was written, unless that had been flushed.
            return unended.wasFlushed(header) ? .unclear : .surplus
        }
        if try self.pair.catalog.unknownFiles([header.id]).isEmpty { return .surplus }
        switch header.origin {
        case .declared: return .lost
        case .direct: return .incomplete
        case nil: return .unclear
        }
    }

    /// Keeps a slot's body in the quarantine, and returns whether it is there.
    private func keep(_ header: PackSlotHeader) throws(StorageError) -> Bool {
        let kept = try self.pair.blobs.keepBody(of: header.slot, as: header.id.uuid)
        guard kept != .nothing else { return false }
        self.pair.blobs.metrics.count(.unclear)
        self.pair.health.report("A body that no file refers to is in quarantine", header.id, "from a pack")
        return true
    }

    /// Says which parts of a pack had been flushed and are no slot's: their headers are damaged.
    ///
    /// They stay, and a check finds them.
    private func reportStrayPages(of unended: UnendedPack) throws(StorageError) {
        for part in try self.pair.catalog.unreferencedParts(unended.strayPages, in: unended.id) {
            let place = "\(part.length) bytes at \(part.offset) of pack \(unended.id.fileName)"
            self.pair.health.report("A part of a pack belongs to no file; see `cloakroom check`", place)
        }
    }
}
