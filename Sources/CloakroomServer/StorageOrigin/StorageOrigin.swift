package import CloakroomDomain
package import CloakroomStore
package import Logging
package import NIOCore
import NIOExtras
import NIOPosix
import ServiceLifecycle

/// The listener that takes presigned URLs and moves bytes.
package final class StorageOrigin: Service {
    private let environment: StorageEnvironment
    private let group: any EventLoopGroup
    private let descriptor: Int32
    private let address: ListenAddress
    private let key: String
    private let groups = ConnectionGroups()
    private let onListening: @Sendable (SocketAddress) async -> Void

    /// Wires an origin; it listens once it runs.
    package init(
        socket: consuming BoundSocket, storage: Storage, policy: SigningPolicy, signingKeys: SigningKeys,
        limits: StorageOriginLimits, connectionLimiter: ConnectionLimiter? = nil, accessLog: AccessLog? = nil,
        group: any EventLoopGroup, logger: Logger, onListening: @escaping @Sendable (SocketAddress) async -> Void
    ) {
        self.environment = StorageEnvironment(
            storage: storage, policy: policy, signingKeys: signingKeys, limits: limits,
            connectionLimiter: connectionLimiter, accessLog: accessLog, logger: logger)
        self.group = group
        self.address = socket.address
        self.key = socket.key
        self.descriptor = socket.release()
        self.onListening = onListening
    }

    /// Serves until the service group shuts down, then lets transfers under way end; when it is cancelled, cuts them off.
    package func run() async throws {
        let quiescing = ServerQuiescingHelper(group: self.group)
        let channel = try await self.listen(quiescing)
        if let bound = channel.localAddress { await self.onListening(bound) }
        let drained = self.group.next().makePromise(of: Void.self)
        let groups = self.groups
        try await withTaskCancellationHandler {
            try await withTaskCancellationOrGracefulShutdownHandler {
                try await channel.closeFuture.get()
                try await drained.futureResult.get()
            } onCancelOrGracefulShutdown: {
                quiescing.initiateShutdown(promise: drained)
            }
        } onCancel: {
            Task { await groups.cutOffAll() }
        }
    }

    /// Closes every connection, whatever it is doing, and returns what they were doing.
    package func cutOff() async -> CutOffConnections { await self.groups.cutOffAll() }

    private func listen(_ quiescing: ServerQuiescingHelper) async throws -> any Channel {
        do {
            return try await self.bootstrap(quiescing).withBoundSocket(self.descriptor).get()
        } catch let error as IOError {
            throw BindError(self.key, self.address, error)
        }
    }

    private func bootstrap(_ quiescing: ServerQuiescingHelper) -> ServerBootstrap {
        let environment = self.environment
        let groups = self.groups
        return ServerBootstrap(group: self.group)
            .serverChannelOption(.backlog, value: 1_024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers(
                        // Out of descriptors, accepting pauses instead of spinning.
                        AcceptBackoffHandler(shouldForwardIOErrorCaught: false),
                        quiescing.makeServerChannelHandler(channel: channel))
                }
            }
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let group = groups.group(of: channel.eventLoop)
                    try channel.pipeline.syncOperations.addHandler(
                        StorageConnection(environment: environment, group: group.value))
                }
            }
    }
}
