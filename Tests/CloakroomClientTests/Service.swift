import CloakroomClient
import CloakroomDomain
import CloakroomServer
import CloakroomLocal
import CloakroomStore
import CloakroomSystem
import Foundation
import Logging
import NIOCore
import NIOPosix
import ReferenceEngine
import ServiceLifecycle
import Synchronization
import Testing

/// A real service in this process, on free ports of the loopback.
struct Service {
    let server: ServerURL
    let keys: APIKeys

    /// Runs work against a service that has just been made, once for each pair of engines.
    static func run(_ body: @escaping @Sendable (Service) async throws -> Void) async throws {
        try await Self.run(on: MemoryStore(.later).storage, Logger(label: "test"), body)
        try await Self.runLocally(body)
    }

    private static func runLocally(_ body: @escaping @Sendable (Service) async throws -> Void) async throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "cloakroom-\(UUID().uuidString)")
        let path = url.path(percentEncoded: false)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let logger = Logger(label: "test")
        let directory = try DataDirectory(path: path, exclusively: true)
        let local = try await LocalStore.open(
            directory, health: StorageHealth(logger: logger), now: SystemClock().now)
        do {
            try await Self.run(on: local.storage, logger, body)
        } catch {
            try? await local.shutDown()
            throw error
        }
        try await local.shutDown()
    }

    private static func run(
        on storage: Storage, _ logger: Logger, _ body: @escaping @Sendable (Service) async throws -> Void
    ) async throws {
        let keyRing = try #require(KeyRing([try SigningKey.generate(now: SystemClock().now)]))
        let signingKeys = SigningKeys(keyRing)
        let keys = storage.keys
        let socket = try BoundSocket.bind(try #require(ListenAddress("127.0.0.1:0")))
        let policy = SigningPolicy(
            region: "local", lifetimeSeconds: 3_600,
            baseURL: try #require(StorageURL("http://127.0.0.1:\(socket.port)")), maximumSize: .defaultMaximumFileSize)
        let address = AsyncStream<SocketAddress>.makeStream()
        let loops = MultiThreadedEventLoopGroup.singleton
        let services: [any ServiceLifecycle.Service] = [
            StorageOrigin(
                socket: socket, storage: storage, policy: policy, signingKeys: signingKeys, limits: .init(),
                group: loops,
                logger: logger, onListening: { _ in }),
            API(
                address: try #require(ListenAddress("127.0.0.1:0")), storage: storage, policy: policy,
                signingKeys: signingKeys, requestsPerSecond: nil, group: loops, logger: logger,
                onListening: { address.continuation.yield($0) }),
        ]
        try await Self.run(services, logger) {
            var addresses = address.stream.makeAsyncIterator()
            let port = try #require(await addresses.next()?.port)
            try await body(Service(server: try #require(ServerURL("http://127.0.0.1:\(port)")), keys: keys))
        }
    }

    private static func run(
        _ services: [any ServiceLifecycle.Service], _ logger: Logger,
        _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        let group = ServiceGroup(configuration: .init(services: services, logger: logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            do {
                try await body()
            } catch {
                await group.triggerGracefulShutdown()
                try? await tasks.waitForAll()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    /// A client with a key of its own.
    func client(
        _ scope: APIKeyRecord.Scope = .organization(.default),
        permissions: Set<Permission> = Set(Permission.allCases)
    ) async throws -> CloakroomClient {
        let (_, key) = try await self.keys.create(
            for: scope, name: "", permissions: permissions, now: SystemClock().now)
        return CloakroomClient(server: self.server, key: key)
    }
}
