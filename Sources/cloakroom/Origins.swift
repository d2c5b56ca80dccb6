import CloakroomServer
import ServiceLifecycle

/// The API and the storage origin: they stop at the same time, so that neither takes requests while the other ends.
struct Origins: Service {
    let api: API
    let storage: StorageOrigin

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.api.run() }
            group.addTask { try await self.storage.run() }
            try await group.next()
            // One that ends by itself ends the other.
            if !Task.isShuttingDownGracefully { group.cancelAll() }
            try await group.waitForAll()
        }
    }
}
