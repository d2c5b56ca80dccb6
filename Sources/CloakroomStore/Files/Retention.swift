package import CloakroomDomain
import Synchronization

/// Removes files that have expired, and what crashes and abandoned uploads left.
package final class Retention: Sendable {
    /// How long after the expiry of its URL an upload may still be under way, in seconds.
    package static let uploadGraceSeconds: Int64 = 3_600
    /// How many files of a kind one step of a sweep takes.
    package static let batch = 256
    /// How many files a sweep removes in a second at most, so that the engines are there for requests.
    package static let filesPerSecond = 4_000
    /// How long after the beginning of a step of a sweep the next one may begin.
    package static let stepInterval = Duration.milliseconds(1_000 * batch / filesPerSecond)

    private let rows: any AdmissionRows & DeletionRows & EventRows
    private let blobs: any BlobEngine
    private let caches: RowCaches
    private let openBlobs: OpenBlobCache
    private let revocations: Revocations
    private let uploads: UploadsUnderWay
    private let eventRetentionSeconds: Int64
    private let metrics = LabelledCounter<SweepKind>("cloakroom_sweep_files_total", "kind")
    private let cursors: [TombstoneKind: SweepCursor]
    private let isSparingPending = Atomic(false)

    init(
        rows: any AdmissionRows & DeletionRows & EventRows, blobs: any BlobEngine, caches: RowCaches,
        openBlobs: OpenBlobCache,
        revocations: Revocations, uploads: UploadsUnderWay, eventRetentionSeconds: Int64
    ) {
        self.eventRetentionSeconds = eventRetentionSeconds
        self.rows = rows
        self.blobs = blobs
        self.caches = caches
        self.openBlobs = openBlobs
        self.revocations = revocations
        self.uploads = uploads
        self.cursors = .init(uniqueKeysWithValues: TombstoneKind.allCases.map { ($0, SweepCursor()) })
    }

    /// Leaves pending files alone from now on: one may be acknowledged, and its bytes could not be looked at.
    package func sparePending() { self.isSparingPending.store(true, ordering: .relaxed) }

    /// Whether pending files are left alone.
    package var sparesPending: Bool { self.isSparingPending.load(ordering: .relaxed) }

    /// Does a bounded step of a sweep, and returns how many files were dealt with; 0 when there is nothing left to do.
    package func sweep(now: Timestamp) async throws(StorageError) -> Int {
        // Steps that follow one another at `stepInterval` remove at most `filesPerSecond` files a second.
        var total = 0
        func count(_ number: Int, _ kind: SweepKind) {
            self.metrics.increment(kind, by: number)
            total += number
        }
        count(try await self.deleteExpired(now: now), .ended)
        if !self.sparesPending {
            let abandoned = try await self.rows.deleteAbandoned(
                now: now, limit: Self.batch, except: self.uploads.files)
            count(abandoned, .abandoned)
        }
        for kind in TombstoneKind.allCases { count(try await self.removeDeleted(kind), .removed) }
        count(try await self.forgetDeleted(now: now), .forgotten)
        count(try await self.rows.forgetIdempotencyKeys(now: now, limit: Self.batch), .idempotencyKeys)
        // A clock that was ahead for a while holds up nothing.
        let time = now.advanced(bySeconds: -self.eventRetentionSeconds)...now.advanced(bySeconds: 86_400)
        let events = try await self.rows.dropEvents(notFrom: time, limit: Self.batch)
        // Some are old enough at each moment; the next sweep is in time for them.
        self.metrics.increment(.events, by: events)
        if events == Self.batch { total += events }
        self.revocations.prune(now: now)
        return total
    }

    /// Deletes files that have expired; whatever has their rows or bytes in memory drops them.
    private func deleteExpired(now: Timestamp) async throws(StorageError) -> Int {
        let expired = try await self.rows.deleteExpired(now: now, limit: Self.batch)
        for id in expired {
            self.caches.drop(id)
            // One that stays open would be a reader, for whom its space is kept.
            self.openBlobs.forget(id)
        }
        return expired.count
    }

    /// Removes the bytes of deleted files, up to a batch of them, and returns how many files' are durably gone.
    package func removeDeleted(_ kind: TombstoneKind) async throws(StorageError) -> Int {
        guard let cursor = self.cursors[kind] else { return 0 }
        let removed = try await cursor.next { last async throws(StorageError) in
            let tombstones = try await self.rows.findTombstones(kind, after: last, limit: Self.batch).value()
            let next = tombstones.count < Self.batch ? nil : tombstones.last?.id
            return (next, tombstones.isEmpty ? [] : try await self.blobs.removeDurably(tombstones))
        }
        if !removed.isEmpty { try await self.rows.markRemoved(removed) }
        return removed.count
    }

    private func forgetDeleted(now: Timestamp) async throws(StorageError) -> Int {
        let ids = try await self.rows.findForgettable(now: now, limit: Self.batch).value()
        guard !ids.isEmpty else { return 0 }
        // An upload that began before the deletion may have stored its bytes since, and crashed.
        let removed = try await self.blobs.removeDurably(ids.map { Tombstone(id: $0, locator: nil) })
        if !removed.isEmpty { try await self.rows.forget(removed) }
        return removed.count
    }
}

/// What became of a file or an idempotency key, as the label of the metric has it.
private enum SweepKind: String, Hashable, Sendable, CaseIterable {
    /// A pending file was dropped long after its upload URL had ended.
    case abandoned
    /// A file was dropped at its end.
    case ended
    /// The bytes of a deleted file are durably gone.
    case removed
    /// The deletion of a file was forgotten.
    case forgotten
    /// An idempotency key was forgotten.
    case idempotencyKeys = "idempotency_keys"
    /// An event was dropped from the log.
    case events
}
