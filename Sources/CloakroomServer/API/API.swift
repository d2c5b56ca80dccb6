package import CloakroomDomain
package import CloakroomStore
import HTTPTypes
import Hummingbird
import HummingbirdCore
package import Logging
package import NIOCore
import ServiceLifecycle

/// The listener that takes API keys and speaks JSON.
package struct API: Service {
    private let services: APIServices
    private let address: ListenAddress
    private let environment: APIConnectionHandler.Environment
    private let group: any EventLoopGroup
    private var logger: Logger
    private let onListening: @Sendable (SocketAddress) async -> Void

    /// Wires the API; it listens once it runs; a limit that is `nil` allows any number.
    package init(
        address: ListenAddress, storage: Storage, policy: SigningPolicy, signingKeys: SigningKeys,
        requestsPerSecond: Int?, concurrentRequestsPerKey: Int? = nil,
        maximumConnections: Int = DescriptorBudget.mostConnections,
        downloadStallSeconds: Int = LowestRate.stallSeconds, connectionLimiter: ConnectionLimiter? = nil,
        accessLog: AccessLog? = nil, group: any EventLoopGroup, logger: Logger,
        onListening: @escaping @Sendable (SocketAddress) async -> Void
    ) {
        let clock = SystemClock()
        self.services = APIServices(
            storage: storage,
            authenticator: Authenticator(
                keys: storage.keys, limiter: requestsPerSecond.map { RateLimiter(requestsPerSecond: $0) },
                concurrencyLimiter: concurrentRequestsPerKey.map { ConcurrencyLimiter(limit: $0) }, clock: clock),
            policy: policy, signingKeys: signingKeys, clock: clock)
        self.address = address
        self.environment = .init(
            connections: ConnectionMeter(origin: "api"), maximumConnections: maximumConnections,
            expendable: ExpendableConnections(maximumConnections: maximumConnections),
            downloadStallSeconds: downloadStallSeconds,
            maximumDrainedBytes: policy.maximumSize.bytes + ExpendableConnections.spareDrainedBytes,
            limiter: connectionLimiter, accessLog: accessLog)
        self.group = group
        // The framework reports its own starts and stops, which the server has reported already.
        self.logger = logger
        self.logger.logLevel = max(logger.logLevel, .warning)
        self.onListening = onListening
    }

    /// Serves until the service group shuts down, then lets requests under way end; cancelled, it cuts them off.
    package func run() async throws {
        let environment = self.environment
        // Idle connections are closed by the look once a second, so that none takes a timer of its own.
        var configuration = HTTP1Channel.Configuration(
            additionalChannelHandlers: [APIConnectionHandler(environment: environment)])
        configuration.httpDecoder = .init(
            maxHeaderFieldSize: HTTPHeadParser.maximumLength, maxHeaderListSize: HTTPHeadParser.maximumLength,
            maxHeaderFieldCount: HTTPHeadParser.maximumFieldCount)
        let onListening = self.onListening
        let application = Application(
            router: Self.router(self.services, environment.accessLog), server: .http1(configuration: configuration),
            configuration: .init(address: .hostname(self.address.host, port: self.address.port), backlog: 1_024),
            onServerRunning: { channel in
                if let bound = channel.localAddress { await onListening(bound) }
            },
            eventLoopGroupProvider: .shared(self.group), logger: self.logger)
        try await withTaskCancellationHandler {
            do {
                try await application.run()
            } catch let error where error is IOError || error is SocketAddressError.UnknownHost {
                throw BindError("api-address", self.address, error)
            }
        } onCancel: {
            Task { await environment.groups.cutOffAll() }
        }
    }

    /// Closes every connection, whatever it is doing, and returns what they were doing.
    package func cutOff() async -> CutOffConnections { await self.environment.groups.cutOffAll() }

    /// Every route, with what it takes to use it: HEAD is wherever GET is (RFC 9110 §9.1).
    static func routes(_ services: APIServices) -> [Route] {
        Self.declaredRoutes(services).flatMap { $0.method == .get ? [$0, $0.head] : [$0] }
    }

    private static func declaredRoutes(_ services: APIServices) -> [Route] {
        [
            .organization(.filesWrite, .post, "/v1/files/upload", RequestUpload(services: services).callAsFunction),
            .organization(.filesWrite, .post, "/v1/files", UploadFile(services: services).callAsFunction),
            .organization(.filesRead, .get, "/v1/files", ListFiles(services: services).callAsFunction),
            .organization(.filesRead, .get, "/v1/files/{id}", GetFile(services: services).callAsFunction),
            .organization(.filesWrite, .delete, "/v1/files/{id}", DeleteFile(services: services).callAsFunction),
            .organization(
                .filesRead, .get, "/v1/files/{id}/download", content: .bytes,
                DownloadFile(services: services).callAsFunction),
            .organization(
                .filesWrite, .post, "/v1/files/{id}/upload-url", RenewUpload(services: services).callAsFunction),
            .organization(
                .filesWrite, .post, "/v1/files/{id}/revoke-urls", RevokeURLs(services: services).callAsFunction),
            .organization(.keysManage, .get, "/v1/keys", ListKeys(services: services).callAsFunction),
            .organization(.keysManage, .post, "/v1/keys", CreateKey(services: services).callAsFunction),
            .organization(.keysManage, .delete, "/v1/keys/{id}", RevokeKey(services: services).callAsFunction),
            .organization(.keysManage, .post, "/v1/keys/{id}/rotate", RotateKey(services: services).callAsFunction),
            .gateway(.filesRead, .post, "/v1/files/resolve", ResolveFiles(services: services).callAsFunction),
            .gateway(.filesRead, .post, "/v1/inputs/resolve", ResolveInput(services: services).callAsFunction),
            .events(.get, "/v1/events", ReadEvents(services: services).callAsFunction),
            .open(.get, "/openapi.yaml", OpenAPIDocument().callAsFunction),
        ]
    }

    private static func router(_ services: APIServices, _ accessLog: AccessLog?) -> Router<APIContext> {
        let routes = Self.routes(services)
        let router = Router(context: APIContext.self)
        let table = RouteTable(entries: routes.map { .init(path: $0.path, method: $0.method) })
        router.add(middleware: APIErrorMiddleware(routes: table, accessLog: accessLog))
        for route in routes {
            router.on(RouterPath(route.path), method: route.method) { request, context in
                try await route.respond(request, context, services.authenticator)
            }
        }
        return router
    }
}
