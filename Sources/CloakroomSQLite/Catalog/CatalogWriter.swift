import CSQLite
import CloakroomStore
import CloakroomSystem
import DequeModule
import Logging
import Metrics
import NIOPosix
import Synchronization

import Glibc

/// The only writing connection, and the queue in front of it.
///
/// Group commit: whatever has queued up while a transaction was being flushed goes into the next one, and its callers
/// are answered after its COMMIT. One flush serves them all, so the rate of durable writes grows with the load.
final class CatalogWriter: GroupProcessor {
    /// One caller's changes.
    struct Job: Sendable {
        /// Makes the changes and returns what to do after the commit.
        let run: @Sendable (SQLiteConnection) throws(SQLiteError) -> @Sendable () -> Void
        /// Tells the caller of a failure.
        let fail: @Sendable (StorageError) -> Void
        let durability: Durability
    }

    /// Bounds the time that a transaction holds its callers.
    private static let batchLimit = 512

    /// After so many pages, 16 MiB, the WAL is copied into the database.
    private static let checkpointPages = 4_096

    let connection: SQLiteConnection
    private let queue = GroupQueue<CatalogWriter>()
    var thread: NIOThreadPool { self.queue.thread }
    let health: StorageHealth
    let reserve: DiskReserve?
    /// Numbers events; `nil` for a command, whose changes are no events.
    let events: EventSequence?
    private let nextCheckpoint = Mutex(checkpointPages)
    /// Told of every commit, once the start has come so far.
    let mark = Mutex<HistoryMarkWriter?>(nil)
    /// Whether the WAL begins anew with the next commit, as far as that is known.
    let walBeginsAnew = Atomic(true)
    /// Whether something was written since the last generation ended.
    private let hasChanges = Atomic(false)
    private let batchSizes = Recorder(label: "cloakroom_catalog_batch_size", aggregate: true)

    init(
        connection: SQLiteConnection, health: StorageHealth, reserve: DiskReserve?, events: EventSequence? = nil
    ) {
        self.events = events
        self.connection = connection
        self.health = health
        self.reserve = reserve
    }

    /// Notes from now on how far the WAL has been written.
    ///
    /// - Parameter mark: Where.
    func keep(_ mark: HistoryMarkWriter) { self.mark.withLock { $0 = mark } }

    /// Whether something was written since the last call.
    func takeChanges() -> Bool { self.hasChanges.exchange(false, ordering: .relaxed) }

    /// Makes the next ``takeChanges()`` say that there are some.
    func noteChanges() { self.hasChanges.store(true, ordering: .relaxed) }

    /// Ends the thread after the jobs that are queued.
    func shutDown() async throws {
        try await self.queue.shutDown()
    }

    /// Makes changes and returns when they are committed.
    ///
    /// - Parameters:
    ///   - durability: Whether the changes are durable on return.
    ///   - body: Runs in a transaction, possibly more than once, with the effect of its last run.
    /// - Returns: What the body returned.
    /// - Throws: ``SQLiteError``.
    func write<Value: Sendable>(
        durability: Durability = .required,
        _ body: @escaping @Sendable (SQLiteConnection) throws(SQLiteError) -> Value
    ) async throws(StorageError) -> Value {
        let result: Result<Value, StorageError> = await withUnsafeContinuation { continuation in
            self.write(durability: durability, body) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    /// Makes changes and reports when they are durable.
    ///
    /// - Parameters:
    ///   - durability: Whether the changes are durable when that is reported.
    ///   - body: Runs in a transaction, possibly more than once, with the effect of its last run.
    ///   - completion: Called once, on the writer's thread, which it must not hold up.
    func write<Value: Sendable>(
        durability: Durability = .required,
        _ body: @escaping @Sendable (SQLiteConnection) throws(SQLiteError) -> Value,
        completion: @escaping @Sendable (Result<Value, StorageError>) -> Void
    ) {
        do throws(StorageError) {
            try self.health.checkWrites()
        } catch {
            return completion(.failure(error))
        }
        self.queue.append(
            Job(
                run: { connection throws(SQLiteError) in
                    let value = try body(connection)
                    return { completion(.success(value)) }
                }, fail: { completion(.failure($0)) }, durability: durability), to: self)
    }

    func countOfGroup(_ jobs: Deque<Job>) -> Int { min(jobs.count, Self.batchLimit) }

    func process(_ group: [Job]) {
        self.batchSizes.record(group.count)
        self.commit(group)
        self.checkpointIfDue()
    }

    func cancel(_ jobs: [Job]) {
        for job in jobs { job.fail(.writesRejected("the server is shutting down")) }
    }

    /// Copies the WAL into the database now and then: rarely enough for pages that change all the time.
    ///
    /// SQLite would do so by itself, and tell nobody that a flush failed.
    private func checkpointIfDue() {
        let pages = self.connection.logPages
        let isDue = self.nextCheckpoint.withLock { next in
            // A log that a reader keeps from beginning anew is not copied after each commit.
            if pages < Self.checkpointPages { next = Self.checkpointPages }
            guard pages >= next else { return false }
            next = pages + Self.checkpointPages
            return true
        }
        if isDue { self.checkpointNow() }
    }

    /// Why a transaction came to nothing.
    enum Failure: Error {
        /// One job's changes were rejected; without it the others can go on.
        case job(SQLiteError)
        /// The transaction could not begin or be committed.
        case transaction(SQLiteError)
    }

    /// Commits a batch in one transaction; where a job fails, each in its own, so that only that one fails.
    private func commit(_ batch: [Job]) {
        do throws(StorageError) {
            try self.health.checkWrites()
        } catch {
            for job in batch { job.fail(error) }
            return
        }
        do throws(Failure) {
            for complete in try self.transaction(batch) { complete() }
        } catch .job where batch.count > 1 {
            for job in batch { self.commit([job]) }
        } catch {
            let storageError = self.report(error)
            if storageError == .full {
                // A log that begins anew needs no more room.
                self.checkpointNow()
                if self.reserve?.giveUp() == true { return self.commit(batch) }
            }
            for job in batch { job.fail(storageError) }
        }
    }

    private func transaction(_ batch: [Job]) throws(Failure) -> [@Sendable () -> Void] {
        let reserves = self.events?.isReservationDue == true
        let isFlushed = reserves || batch.contains { $0.durability == .required }
        do throws(SQLiteError) {
            try self.connection.setFlushesCommits(isFlushed)
        } catch {
            throw .transaction(error)
        }
        let commits = self.connection.commits
        try self.execute("BEGIN IMMEDIATE")
        do throws(Failure) {
            if self.walBeginsAnew.load(ordering: .relaxed) { try self.execute(Self.stamp) }
            let reserved = reserves ? try self.reserveEvents() : nil
            var completions: [@Sendable () -> Void] = []
            for job in batch { completions.append(try self.run(job)) }
            try self.execute("COMMIT")
            if let reserved { self.events?.reserved(upTo: reserved) }
            self.events?.ended(isCommitted: true)
            self.noteCommit(since: commits, isFlushed: isFlushed)
            return completions
        } catch {
            // Fails only where SQLite has rolled back by itself, as it does on a full disk.
            try? self.connection.execute("ROLLBACK")
            self.events?.ended(isCommitted: false)
            throw error
        }
    }

    private func reserveEvents() throws(Failure) -> Int64? {
        do throws(SQLiteError) {
            return try self.events?.reserve(self.connection)
        } catch {
            throw .transaction(error)
        }
    }

    /// Writes the store's generation into a new WAL: so a WAL that is put back later is known for an older one.
    private static let stamp = "UPDATE store SET wals = wals + 1"

    /// Notes what a commit has written.
    ///
    /// One that changed nothing has flushed nothing either.
    private func noteCommit(since commits: Int, isFlushed: Bool) {
        guard self.connection.commits != commits else { return }
        self.mark.withLock { $0 }?.committed(frames: self.connection.logPages, isFlushed: isFlushed)
        self.walBeginsAnew.store(false, ordering: .relaxed)
        self.hasChanges.store(true, ordering: .relaxed)
    }

    private func execute(_ sql: String) throws(Failure) {
        do throws(SQLiteError) {
            try self.connection.execute(sql)
        } catch {
            throw .transaction(error)
        }
    }

    private func run(_ job: Job) throws(Failure) -> @Sendable () -> Void {
        do throws(SQLiteError) {
            return try job.run(self.connection)
        } catch {
            throw error.endsWrites ? .transaction(error) : .job(error)
        }
    }

    func report(_ failure: Failure) -> StorageError {
        switch failure {
        case .job(let error): return error.storageError
        case .transaction(let error):
            if error.endsWrites {
                self.health.rejectWrites("\(error.storageError)", isOfDamage: error.isCorruption)
            }
            return error.storageError
        }
    }
}
