package import CloakroomDomain
package import Logging
import Synchronization

/// Whether the storage still takes writes.
///
/// After a failed flush the kernel may have dropped the dirty pages and reports the failure once: a second `fsync` that
/// succeeds proves nothing. So a failure is final for this process. A database that is damaged is not written to either:
/// what is decided by it may be wrong. Reads go on.
package final class StorageHealth: Sendable {
    /// What ended the writes.
    package struct Rejection: Hashable, Sendable {
        package let reason: String
        package let since: Timestamp
        /// Whether the database is damaged; else a flush has failed.
        package let isOfDamage: Bool
    }

    private let failure = Mutex<Rejection?>(nil)
    private let clock: any WallClock
    private let logger: Logger

    package init(logger: Logger, clock: any WallClock = SystemClock()) {
        self.logger = logger
        self.clock = clock
    }

    /// Why writes are rejected, and since when; `nil` while they are not.
    package var rejection: Rejection? {
        self.failure.withLock { $0 }
    }

    /// Why writes are rejected, `nil` while they are not.
    package var reasonToRejectWrites: String? { self.rejection?.reason }

    /// Rejects writes from now on; the first reason stays, for the log and `/readyz`.
    package func rejectWrites(_ reason: String, isOfDamage: Bool = false) {
        let now = self.clock.now
        let isFirst = self.failure.withLock { failure in
            guard failure == nil else { return false }
            failure = Rejection(reason: reason, since: now, isOfDamage: isOfDamage)
            return true
        }
        if isFirst {
            self.logger.critical("Refusing writes", metadata: ["storage.reason": "\(reason)"])
        }
    }

    /// Logs a failure that concerns one file and nobody's request.
    package func report(_ message: Logger.Message, _ id: FileID, _ error: StorageError) {
        self.logger.error(message, metadata: ["file.id": "\(id)", "error": "\(error)"])
    }

    /// Logs what was found of one file.
    package func report(_ message: Logger.Message, _ id: FileID, _ detail: String) {
        self.logger.error(message, metadata: ["file.id": "\(id)", "detail": "\(detail)"])
    }

    /// Logs what is done, and is no failure.
    package func note(_ message: Logger.Message) {
        self.logger.notice(message)
    }

    /// Logs what concerns no file and nobody's request.
    package func report(_ message: Logger.Message, _ detail: String? = nil) {
        self.logger.error(message, metadata: detail.map { ["detail": "\($0)"] })
    }

    /// Passes while writes are taken.
    package func checkWrites() throws(StorageError) {
        if let reason = self.reasonToRejectWrites { throw .writesRejected(reason) }
    }
}
