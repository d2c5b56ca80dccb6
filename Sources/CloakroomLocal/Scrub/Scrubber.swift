import CloakroomDisk
package import CloakroomDomain
import CloakroomSQLite
package import CloakroomStore
import Logging

/// Reads every ready file again, round after round, and looks for blobs of no file.
///
/// A round goes through the files in the order of their ids, then through the shards. Files that are uploaded meanwhile
/// have greater ids, so it comes to them, too. Where a file is damaged,
/// ``FileQuarantine/quarantineIfDamaged(_:_:actsOn:now:)`` looks again and acts.
///
/// Whoever calls ``step(now:)`` waits in between: nothing here sleeps, and no more than one piece is read at a time.
package actor Scrubber {
    /// The file that is being examined.
    private struct Work {
        let id: FileID
        let examination: BlobExamination
        /// What it has cost so far, in bytes.
        var cost = ScrubPace.costOfFile
        /// For how long it was waited meanwhile.
        var waited = Duration.zero
    }

    /// How many rows are asked for at once.
    private static let pageLength = 256
    /// How often the place is written down, in seconds: each time is a flush.
    private static let savingInterval: Int64 = 60
    /// How often all rows are looked through for what is left, in seconds.
    private static let measuringInterval: Int64 = 21_600
    /// How often it is looked whether there is something to do, where there is nothing, in seconds.
    private static let idleInterval: Int64 = 5
    /// The longest wait for the next round, in seconds: the clock may be set meanwhile.
    private static let longestWait: Int64 = 3_600
    /// The wait after a file that could not be examined: others would fail, too.
    private static let failureInterval = Duration.seconds(1)

    private let pair: LocalPair
    private let quarantine: FileQuarantine
    private let damage: DamageControl
    private let pace: ScrubPace
    private let metrics = ScrubMetrics()
    private var round: ScrubRound?
    private var isLoaded = false
    private var next: [FileID] = []
    private var work: Work?
    /// What is left of the round, in bytes, as far as is known.
    private var left: Int64 = 0
    private var measuredAt: Timestamp?
    private var savedAt: Timestamp?

    /// Prepares a scrub, which goes on where the last one was.
    package init(_ store: LocalStore, pace: ScrubPace) {
        self.pair = store.pair
        self.quarantine = FileQuarantine(store.pair)
        self.damage = store.damage
        self.pace = pace
    }

    /// Reads up to 256 KiB, or looks through a shard, and returns how long after the beginning of this call the next
    /// may begin; throws where the catalogue cannot be read or no file be examined at all.
    package func step(now: Timestamp) async throws(StorageError) -> Duration {
        try self.load()
        guard let round, !round.isComplete else { return try await self.beginRound(now: now) }
        try await self.measureIfDue(now: now)
        if self.work == nil { try self.takeNext() }
        guard self.work != nil else { return await self.lookThroughShard(now: now) }
        return await self.examine(now: now)
    }

    /// Writes down how far the scrub has come, as at a shutdown.
    package func keepPlace() async {
        guard let round, self.pair.health.reasonToRejectWrites == nil else { return }
        do throws(StorageError) {
            try await self.pair.catalog.keep(round)
        } catch {
            self.pair.health.report("The progress of the scrub cannot be saved", "\(error)")
        }
    }

    private func keepPlaceIfDue(now: Timestamp) async {
        if let savedAt, now < savedAt.advanced(bySeconds: Self.savingInterval) { return }
        self.savedAt = now
        await self.keepPlace()
    }

    // MARK: Rounds

    private func load() throws(StorageError) {
        guard !self.isLoaded else { return }
        self.round = try self.pair.catalog.scrubRound()
        self.isLoaded = true
        if let completedAt = self.round?.completedAt { self.metrics.completed(at: completedAt) }
    }

    /// Begins a round once the last one's period is over, and there is a file.
    private func beginRound(now: Timestamp) async throws(StorageError) -> Duration {
        if let round {
            let wait = self.pace.secondsLeft(of: round, now: now)
            guard wait == 0 else { return .seconds(min(wait, Self.longestWait)) }
        }
        guard try !self.pair.catalog.sealedFiles(after: nil, limit: 1).isEmpty else {
            return .seconds(Self.idleInterval)
        }
        self.round = ScrubRound(startedAt: now, completedAt: self.round?.completedAt)
        (self.next, self.measuredAt, self.savedAt) = ([], nil, now)
        await self.keepPlace()
        return .zero
    }

    /// Finds out what is left: files come and go meanwhile.
    private func measureIfDue(now: Timestamp) async throws(StorageError) {
        if let measuredAt, now < measuredAt.advanced(bySeconds: Self.measuringInterval) { return }
        guard let round else { return }
        let catalog = self.pair.catalog
        let totals = try await self.pair.onDisk { () throws(StorageError) in
            try catalog.sealedTotals(after: round.cursor)
        }
        let shards = Int64(BlobStore.shardCount - round.shards)
        self.left = totals.bytes + (totals.files + shards) * ScrubPace.costOfFile
        self.measuredAt = now
    }

    /// Takes some cost off what is left, and returns how long after the beginning of the work the next may begin.
    private func account(for cost: Int64, now: Timestamp) -> Duration {
        guard let round else { return .zero }
        defer { self.left = max(0, self.left - cost) }
        return self.pace.interval(for: cost, left: self.left, of: round, now: now)
    }

    // MARK: Files

    /// Opens the next file that is ready.
    private func takeNext() throws(StorageError) {
        while true {
            if self.next.isEmpty {
                self.next = try self.pair.catalog.sealedFiles(after: self.round?.cursor, limit: Self.pageLength)
                    .map(\.id)
            }
            guard !self.next.isEmpty else { return }
            let id = self.next.removeFirst()
            if let examination = try self.quarantine.examination(of: id, .data) {
                self.work = Work(id: id, examination: examination)
                return
            }
            self.round?.cursor = id
        }
    }

    private func examine(now: Timestamp) async -> Duration {
        guard var work = self.work else { return .zero }
        let examination = work.examination
        let progress: BlobExamination.Progress
        do throws(StorageError) {
            progress = try await self.pair.onDisk { () throws(StorageError) in try examination.readNext() }
        } catch {
            // A shutdown cancels what waits for a thread.
            guard !Task.isCancelled else { return .zero }
            self.pair.health.report("A file cannot be examined", work.id, error)
            self.metrics.examined(.failed)
            _ = await self.end(work, now: now)
            return Self.failureInterval
        }
        self.metrics.read(progress.count)
        work.cost += Int64(progress.count)
        guard let outcome = progress.outcome else {
            // A file is read without longer pauses: one that is deleted meanwhile keeps its room.
            let interval = self.pace.shortestInterval(for: Int64(progress.count))
            work.waited += interval
            self.work = work
            return interval
        }
        await self.conclude(work.id, outcome, now: now)
        let shortest = self.pace.shortestInterval(for: Int64(progress.count))
        return max(shortest, await self.end(work, now: now) - work.waited)
    }

    private func end(_ work: Work, now: Timestamp) async -> Duration {
        self.work = nil
        self.round?.cursor = work.id
        await self.keepPlaceIfDue(now: now)
        return self.account(for: work.cost, now: now)
    }

    private func conclude(_ id: FileID, _ outcome: BlobExamination.Outcome, now: Timestamp) async {
        let health = self.pair.health
        switch outcome {
        case .whole: self.metrics.examined(.whole)
        case .headerDamaged:
            health.report("The header of a file's slot is damaged", id, "its bytes are intact")
            self.metrics.examined(.headerDamaged)
        case .gone: break
        case .damaged(let damage):
            switch await self.damage.dealWithDamage(id, damage, now: now) {
            case .quarantined: self.metrics.examined(.damaged)
            case .whole: self.metrics.examined(.whole)
            case .reported: self.metrics.examined(.failed)
            }
        }
    }

    // MARK: Shards

    private func lookThroughShard(now: Timestamp) async -> Duration {
        guard let shard = self.round?.shards else { return .zero }
        var cost = ScrubPace.costOfFile
        do throws(StorageError) {
            let (names, orphans) = try await self.quarantine.orphans(inShard: shard)
            cost += Int64(names) * ScrubPace.costOfFile
            for id in orphans {
                if try await LostBodies(self.pair).loseOrphan(id, now: now) { self.metrics.foundOrphan() }
            }
        } catch {
            guard !Task.isCancelled else { return .zero }
            self.pair.health.report("A shard cannot be listed", "\(error)")
        }
        self.round?.shards = shard + 1
        guard self.round?.isComplete == true else {
            await self.keepPlaceIfDue(now: now)
            return self.account(for: cost, now: now)
        }
        self.round?.completedAt = now
        self.metrics.completed(at: now)
        await self.keepPlace()
        return .zero
    }
}
