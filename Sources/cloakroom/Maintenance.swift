import CloakroomDomain
import CloakroomServer
import CloakroomStorage
import Logging
import ServiceLifecycle

/// What the server does by itself: reads changed signing keys, and removes what crashes and abandoned uploads left.
struct Maintenance: Service {
    private static let keyInterval = Duration.milliseconds(500)
    /// A sweep is due this often, and goes on at once while there is something to do.
    private static let sweepInterval = Duration.seconds(5)

    let store: FileStore
    let signingKeys: SigningKeys
    let logger: Logger

    func run() async throws {
        let startedAt = SystemClock().now
        try? await cancelWhenGracefulShutdown {
            try await withThrowingDiscardingTaskGroup { group in
                group.addTask { try await self.watchKeys() }
                group.addTask { try await self.sweep(startedAt: startedAt) }
            }
        }
    }

    private func watchKeys() async throws {
        while true {
            try await Task.sleep(for: Self.keyInterval)
            self.signingKeys.reload()
        }
    }

    private func sweep(startedAt: Timestamp) async throws {
        await self.reporting { () throws(StorageError) in try await self.store.removeOrphans(declaredBefore: startedAt)
        }
        while true {
            await self.reporting { () throws(StorageError) in
                while try await self.store.sweep(now: SystemClock().now) > 0 {}
            }
            try await Task.sleep(for: Self.sweepInterval)
        }
    }

    private func reporting(_ body: () async throws(StorageError) -> Void) async {
        do throws(StorageError) {
            try await body()
        } catch {
            self.logger.error("Sweep failed", metadata: ["error": "\(error)"])
        }
    }
}
