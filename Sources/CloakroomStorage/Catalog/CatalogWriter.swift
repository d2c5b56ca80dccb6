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
    private let batchSizes = Recorder(label: "cloakroom_catalog_batch_size", aggregate: true)

    init(connection: SQLiteConnection, health: StorageHealth, reserve: DiskReserve?) {
        self.connection = connection
        self.health = health
        self.reserve = reserve
        self.thread = NIOThreadPool(numberOfThreads: 1)
        self.thread.start()
    }

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
            try self.connection.checkpoint(SQLITE_CHECKPOINT_PASSIVE)
        } catch {
            self.health.report("The WAL cannot be copied into the database: SQLite \(error.code): \(error.message)")
            _ = self.report(.transaction(error))
        }
    }

    /// How often a log is tried to be copied that somebody else reads, each time for ``SQLiteConnection/busySeconds``:
    /// a backup or a check has a large catalogue open for minutes.
    private static let checkpointAttempts = 60
    /// Between two attempts, so that others who write have their turn, in microseconds.
    private static let checkpointInterval: useconds_t = 500_000

    /// Copies the whole log into the database, and flushes that.
    ///
    /// - Parameter completion: Called once, on the writer's thread, which it must not hold up.
    func checkpoint(completion: @escaping @Sendable (Result<Void, StorageError>) -> Void) {
        self.thread.submit { state in
            guard state == .active else {
                return completion(.failure(.writesRefused("the server is shutting down")))
            }
            completion(Result { () throws(StorageError) in try self.checkpointAll() })
        }
    }

    private func checkpointAll() throws(StorageError) {
        var hasGivenUp = false
        for attempt in 1... {
            do throws(SQLiteError) {
                try self.connection.checkpoint(SQLITE_CHECKPOINT_TRUNCATE)
                // The log has given its room back.
                if hasGivenUp { self.reserve?.setAside(leaving: 0) }
                return
            } catch {
                if error.primaryCode == SQLITE_BUSY, attempt < Self.checkpointAttempts {
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
        do throws(SQLiteError) {
            try self.connection.setFlushesCommits(!batch.allSatisfy(\.isDurableElsewhere))
        } catch {
            throw .transaction(error)
        }
        try self.execute("BEGIN IMMEDIATE")
        do throws(Failure) {
            var completions: [@Sendable () -> Void] = []
            for job in batch { completions.append(try self.run(job)) }
            try self.execute("COMMIT")
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
