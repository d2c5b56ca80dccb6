import CloakroomDomain
import CloakroomLocal
import CloakroomStore
import CloakroomSystem
import Logging
import ServiceLifecycle

/// What the server does by itself: reads changed signing keys, removes files that have ended, and what crashes and
/// abandoned uploads left.
struct Maintenance: Service {
    private static let keyInterval = Duration.milliseconds(500)
    /// A sweep is due this often; while there is something to do, its steps follow one another as fast as they may.
    private static let sweepInterval = Duration.seconds(5)

    /// A checkpoint is due this often, where something has changed.
    private static let checkpointInterval = Duration.seconds(60)

    /// All of the database is looked through at the start, and this often.
    private static let examinationInterval = Duration.seconds(86_400)

    let store: LocalStore
    let signingKeys: SigningKeyWatcher
    let logger: Logger

    func run() async throws {
        let startedAt = SystemClock().now
        try? await cancelWhenGracefulShutdown {
            try await withThrowingDiscardingTaskGroup { group in
                group.addTask { try await self.watchKeys() }
                group.addTask { try await self.sweep() }
                group.addTask {
                    await self.reporting("The search for lost files failed") { () throws(StorageError) in
                        try await LostBodies(self.store.pair).find(now: startedAt)
                    }
                }
                group.addTask { try await self.checkpoint() }
                group.addTask { try await self.examineDatabase() }
            }
        }
    }

    private func watchKeys() async throws {
        while true {
            try await Task.sleep(for: Self.keyInterval)
            self.signingKeys.reload()
        }
    }

    private func sweep() async throws {
        while true {
            let start = ContinuousClock.now
            self.store.reserve.setAsideAgain()
            let count = await self.reporting("Sweep failed") { () throws(StorageError) in
                try await self.store.storage.retention.sweep(now: SystemClock().now)
            }
            let isDone = (count ?? 0) == 0
            try await Task.sleep(until: start + (isDone ? Self.sweepInterval : Retention.stepInterval))
        }
    }

    private func examineDatabase() async throws {
        while true {
            let isDone = await self.reporting("The examination of the database failed") { () throws(StorageError) in
                try await DatabaseExamination(self.store.pair).run()
                return true
            }
            try await Task.sleep(for: isDone == nil ? Self.checkpointInterval : Self.examinationInterval)
        }
    }

    /// Leaves little to lose in the write-ahead log.
    private func checkpoint() async throws {
        while true {
            try await Task.sleep(for: Self.checkpointInterval)
            await self.reporting("Checkpoint failed") { () throws(StorageError) in
                try await self.store.pair.checkpoint()
            }
        }
    }

    /// Runs work, and logs its failure; `nil` then.
    @discardableResult
    private func reporting<Value: Sendable>(
        _ message: Logger.Message, _ body: () async throws(StorageError) -> Value
    ) async -> Value? {
        do throws(StorageError) {
            return try await body()
        } catch .writesRejected {
            // That has been said once.
            return nil
        } catch {
            self.logger.error(message, metadata: ["error": "\(error)"])
            return nil
        }
    }
}
