import CloakroomSystem
import CSQLite
import CloakroomStore
import Logging
import NIOPosix
import Synchronization

import Glibc

/// Copying the write-ahead log (WAL) into the database, on the writer's thread.
extension CatalogWriter {
    func checkpointNow() {
        do throws(SQLiteError) {
            _ = try self.checkpointPassively()
        } catch {
            self.health.report("The WAL cannot be copied into the database", "SQLite \(error.code): \(error.message)")
            _ = self.report(.transaction(error))
        }
    }

    /// Copies those frames of the WAL into the database that no reader needs, without waiting.
    ///
    /// - Returns: Whether that was all.
    /// - Throws: ``SQLiteError``.
    private func checkpointPassively() throws(SQLiteError) -> Bool {
        let frames = try self.connection.checkpoint(SQLITE_CHECKPOINT_PASSIVE)
        guard frames.copied == frames.total else { return false }
        self.mark.withLock { $0 }?.copied(frames: frames.total)
        self.walBeginsAnew.store(true, ordering: .relaxed)
        return true
    }

    /// Copies those frames of the WAL into the database that no reader needs, without waiting.
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
                return completion(.failure(.writesRejected("the server is shutting down")))
            }
            completion(Result { () throws(StorageError) in try body() })
        }
    }

    /// How often a checkpoint is tried while somebody reads the WAL, each time for ``SQLiteConnection/busySeconds``: a backup
    /// or a check has a large catalogue open for minutes.
    private static let checkpointAttempts = 60
    /// Between two attempts, so that others who write have their turn, in microseconds.
    private static let checkpointInterval: useconds_t = 500_000

    /// How long a checkpoint waits for readers.
    enum CheckpointPatience {
        /// Waits minutes for readers.
        case start
        /// Waits seconds for readers.
        case stop
    }

    /// Copies the whole WAL into the database, flushes that, and empties the WAL.
    ///
    /// - Parameters:
    ///   - patience: How long it waits for readers.
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
                // The mark says that the WAL was copied before it is emptied.
                let frames = try self.connection.checkpoint(SQLITE_CHECKPOINT_FULL)
                self.mark.withLock { $0 }?.copied(frames: frames.copied)
                try self.connection.checkpoint(SQLITE_CHECKPOINT_TRUNCATE)
                self.mark.withLock { $0 }?.reset()
                self.walBeginsAnew.store(true, ordering: .relaxed)
                // The WAL has given its room back.
                if hasGivenUp { self.reserve?.setAside(leaving: 0) }
                return
            } catch {
                if error.primaryCode == SQLITE_BUSY, attempt < attempts {
                    self.health.report("Waiting for a backup or check that reads the database")
                    usleep(Self.checkpointInterval)
                } else {
                    let storageError = self.report(.transaction(error))
                    // The database may have to grow before the WAL gives its room back.
                    guard storageError == .full, self.reserve?.giveUp() == true else { throw storageError }
                    hasGivenUp = true
                }
            }
        }
    }
}
