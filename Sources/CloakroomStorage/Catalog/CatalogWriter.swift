import CSQLite
import Logging
import Metrics
import NIOPosix
import Synchronization

import Glibc

/// The only writing connection, and the queue in front of it.
///
/// Group commit: whatever has queued up while a transaction was being flushed goes into the next one, and its callers
/// are answered after its COMMIT. One flush serves them all, so the rate of durable writes grows with the load.
final class CatalogWriter: Sendable {
    /// One caller's changes.
    private struct Job: Sendable {
        /// Makes the changes and returns what to do after the commit.
        let run: @Sendable (SQLiteConnection) throws(SQLiteError) -> @Sendable () -> Void
        /// Tells the caller of a failure.
        let fail: @Sendable (StorageError) -> Void
        /// Whether a power cut that takes the changes takes nothing, because start-up makes them again.
        let isDurableElsewhere: Bool
    }

    private struct Queue {
        var jobs: [Job] = []
        var isDraining = false
    }

    /// Bounds the time that a transaction holds its callers.
    private static let batchLimit = 512

    /// After so many pages, 16 MiB, the log is copied into the database.
    private static let checkpointPages = 4_096

    private let connection: SQLiteConnection
    private let thread: NIOThreadPool
    private let health: StorageHealth
    private let reserve: DiskReserve?
    private let queue = Mutex(Queue())
    private let nextCheckpoint = Mutex(checkpointPages)
    /// Told of every commit, once the start has come so far.
    private let mark = Mutex<HistoryMarkWriter?>(nil)
    private let commits = Atomic(0)
    private let batchSizes = Recorder(label: "cloakroom_catalog_batch_size", aggregate: true)

    init(connection: SQLiteConnection, health: StorageHealth, reserve: DiskReserve?) {
        self.connection = connection
        self.health = health
        self.reserve = reserve
        self.thread = NIOThreadPool(numberOfThreads: 1)
        self.thread.start()
    }

    /// Notes from now on how far the log has been written.
    ///
    /// - Parameter mark: Where.
    func keep(_ mark: HistoryMarkWriter) { self.mark.withLock { $0 = mark } }

    /// Whether something was committed since the last call.
    func hasCommitted() -> Bool { self.commits.exchange(0, ordering: .relaxed) > 0 }

    /// Takes back one commit that counts as none.
    func discountCommit() { self.commits.wrappingSubtract(1, ordering: .relaxed) }

    /// Ends the thread after the jobs that are queued.
    func shutDown() async throws {
        try await self.thread.shutdownGracefully()
    }

    /// Makes changes and returns when they are durable.
    ///
    /// - Parameter body: Runs in a transaction, possibly more than once, with the effect of its last run.
    /// - Returns: What the body returned.
    /// - Throws: ``SQLiteError``.
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (SQLiteConnection) throws(SQLiteError) -> Value
    ) async throws(StorageError) -> Value {
        let result: Result<Value, StorageError> = await withCheckedContinuation { continuation in
            self.write(body) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    /// Makes changes and reports when they are durable.
    ///
    /// - Parameters:
    ///   - isDurableElsewhere: Whether the changes need no flush, because start-up makes them again.
    ///   - body: Runs in a transaction, possibly more than once, with the effect of its last run.
    ///   - completion: Called once, on the writer's thread, which it must not hold up.
    func write<Value: Sendable>(
        isDurableElsewhere: Bool = false,
        _ body: @escaping @Sendable (SQLiteConnection) throws(SQLiteError) -> Value,
        completion: @escaping @Sendable (Result<Value, StorageError>) -> Void
    ) {
        do throws(StorageError) {
            try self.health.checkWrites()
        } catch {
            return completion(.failure(error))
        }
        self.enqueue(
            Job(
                run: { connection throws(SQLiteError) in
                    let value = try body(connection)
                    return { completion(.success(value)) }
                }, fail: { completion(.failure($0)) }, isDurableElsewhere: isDurableElsewhere))
    }

    private func enqueue(_ job: Job) {
        let startsDraining = self.queue.withLock { queue in
            queue.jobs.append(job)
            defer { queue.isDraining = true }
            return !queue.isDraining
        }
        if startsDraining {
            self.thread.submit { state in
                switch state {
                case .active: self.drain()
                case .cancelled: self.cancel()
                }
            }
        }
    }

    private func drain() {
        while true {
            let batch = self.queue.withLock { queue -> [Job] in
                let batch = Array(queue.jobs.prefix(Self.batchLimit))
                queue.jobs.removeFirst(batch.count)
                queue.isDraining = !batch.isEmpty
                return batch
            }
            guard !batch.isEmpty else { return }
            self.batchSizes.record(batch.count)
            self.commit(batch)
            self.checkpointIfDue()
        }
    }

    /// Copies the log into the database now and then: rarely enough for pages that change all the time.
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

    private func checkpointNow() {
        do throws(SQLiteError) {
            _ = try self.checkpointPassively()
        } catch {
            self.health.report("The WAL cannot be copied into the database: SQLite \(error.code): \(error.message)")
            _ = self.report(.transaction(error))
        }
    }

    /// Copies into the database what nobody reads of the log, without waiting.
    ///
    /// - Returns: Whether that was all.
    /// - Throws: ``SQLiteError``.
    private func checkpointPassively() throws(SQLiteError) -> Bool {
        let frames = try self.connection.checkpoint(SQLITE_CHECKPOINT_PASSIVE)
        guard frames.copied == frames.total else { return false }
        self.mark.withLock { $0 }?.copied(frames: frames.total)
        return true
    }

    /// Copies into the database what nobody reads of the log, without waiting.
    ///
    /// - Parameter completion: Called once with whether that was all, on the writer's thread, which it must not hold up.
    func checkpointPassively(completion: @escaping @Sendable (Result<Bool, StorageError>) -> Void) {
        self.onThread(completion) { () throws(StorageError) in
            do throws(SQLiteError) {
                return try self.checkpointPassively()
            } catch {
                throw self.report(.transaction(error))
            }
        }
    }

    private func onThread<Value: Sendable>(
        _ completion: @escaping @Sendable (Result<Value, StorageError>) -> Void,
        _ body: @escaping @Sendable () throws(StorageError) -> Value
    ) {
        self.thread.submit { state in
            guard state == .active else {
                return completion(.failure(.writesRefused("the server is shutting down")))
            }
            completion(Result { () throws(StorageError) in try body() })
        }
    }

    /// How often a log is tried to be copied that somebody else reads, each time for ``SQLiteConnection/busySeconds``:
    /// a backup or a check has a large catalogue open for minutes.
    private static let checkpointAttempts = 60
    /// Between two attempts, so that others who write have their turn, in microseconds.
    private static let checkpointInterval: useconds_t = 500_000

    /// How urgent a checkpoint is.
    enum CheckpointPatience {
        /// It is waited for others who read, for minutes.
        case start
        /// It is tried once, and waited for seconds.
        case stop
    }

    /// Copies the whole log into the database, flushes that, and empties the log.
    ///
    /// - Parameters:
    ///   - patience: How urgent it is.
    ///   - completion: Called once, on the writer's thread, which it must not hold up.
    func checkpoint(
        _ patience: CheckpointPatience = .start,
        completion: @escaping @Sendable (Result<Void, StorageError>) -> Void
    ) {
        self.onThread(completion) { () throws(StorageError) in try self.checkpointAll(patience) }
    }

    private func checkpointAll(_ patience: CheckpointPatience) throws(StorageError) {
        let attempts = patience == .start ? Self.checkpointAttempts : 1
        var hasGivenUp = false
        for attempt in 1... {
            do throws(SQLiteError) {
                try self.connection.checkpoint(SQLITE_CHECKPOINT_TRUNCATE)
                self.mark.withLock { $0 }?.reset()
                // The log has given its room back.
                if hasGivenUp { self.reserve?.setAside(leaving: 0) }
                return
            } catch {
                if error.primaryCode == SQLITE_BUSY, attempt < attempts {
                    self.health.report("Waiting for a backup or check that reads the database")
                    usleep(Self.checkpointInterval)
                } else {
                    let storageError = self.report(.transaction(error))
                    // The database may have to grow before the log gives its room back.
                    guard storageError == .full, self.reserve?.giveUp() == true else { throw storageError }
                    hasGivenUp = true
                }
            }
        }
    }

    private func cancel() {
        let jobs = self.queue.withLock { queue in
            defer { queue = Queue() }
            return queue.jobs
        }
        for job in jobs { job.fail(.writesRefused("the server is shutting down")) }
    }

    /// Why a transaction came to nothing.
    private enum Failure: Error {
        /// One job's changes were refused; without it the others can go on.
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
        let isFlushed = !batch.allSatisfy(\.isDurableElsewhere)
        do throws(SQLiteError) {
            try self.connection.setFlushesCommits(isFlushed)
        } catch {
            throw .transaction(error)
        }
        try self.execute("BEGIN IMMEDIATE")
        do throws(Failure) {
            var completions: [@Sendable () -> Void] = []
            for job in batch { completions.append(try self.run(job)) }
            try self.execute("COMMIT")
            self.mark.withLock { $0 }?.committed(frames: self.connection.logPages, isFlushed: isFlushed)
            self.commits.wrappingAdd(1, ordering: .relaxed)
            return completions
        } catch {
            // Fails only where SQLite has rolled back by itself, as it does on a full disk.
            try? self.connection.execute("ROLLBACK")
            throw error
        }
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

    private func report(_ failure: Failure) -> StorageError {
        switch failure {
        case .job(let error): return error.storageError
        case .transaction(let error):
            if error.endsWrites { self.health.refuseWrites("SQLite \(error.code): \(error.message)") }
            return error.storageError
        }
    }
}
