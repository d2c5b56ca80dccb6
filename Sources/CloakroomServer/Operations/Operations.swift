import HTTPTypes
import Hummingbird
package import Logging
package import NIOCore
import ServiceLifecycle

/// The listener for whoever runs the service, not for the public: `/healthz`, `/readyz` and `/metrics`.
package struct Operations: Service {
    private let address: ListenAddress
    private let readiness: Readiness
    private let registry: PrometheusRegistry
    private let group: any EventLoopGroup
    private var logger: Logger
    private let onListening: @Sendable (SocketAddress) async -> Void

    /// Wires the listener; it listens once it runs.
    package init(
        address: ListenAddress, readiness: Readiness, registry: PrometheusRegistry, group: any EventLoopGroup,
        logger: Logger, onListening: @escaping @Sendable (SocketAddress) async -> Void
    ) {
        self.address = address
        self.readiness = readiness
        self.registry = registry
        self.group = group
        // The framework reports its own starts and stops, which the server has reported already.
        self.logger = logger
        self.logger.logLevel = max(logger.logLevel, .warning)
        self.onListening = onListening
    }

    /// Serves until the service group shuts down.
    package func run() async throws {
        let onListening = self.onListening
        let application = Application(
            router: self.router(), server: .http1(configuration: .init(idleTimeout: .seconds(75))),
            configuration: .init(address: .hostname(self.address.host, port: self.address.port)),
            onServerRunning: { channel in
                if let bound = channel.localAddress { await onListening(bound) }
            },
            eventLoopGroupProvider: .shared(self.group), logger: self.logger)
        do {
            try await application.run()
        } catch let error where error is IOError || error is SocketAddressError.UnknownHost {
            throw BindError("operations-address", self.address, error)
        }
    }

    private func router() -> Router<BasicRequestContext> {
        let (readiness, registry) = (self.readiness, self.registry)
        let router = Router(options: .autoGenerateHeadEndpoints)
        router.add(middleware: OperationsErrors())
        router.get("/healthz") { _, _ in Self.text(.ok, "ok\n") }
        router.get("/readyz") { _, _ in
            let problems = await readiness.problems()
            return problems.isEmpty
                ? Self.text(.ok, "ready\n")
                : Self.text(.serviceUnavailable, problems.map { $0 + "\n" }.joined())
        }
        router.get("/metrics") { _, _ in
            Self.text(.ok, registry.text, type: "text/plain; version=0.0.4; charset=utf-8")
        }
        return router
    }

    fileprivate static func text(
        _ status: HTTPResponse.Status, _ text: String, type: String = "text/plain; charset=utf-8"
    ) -> Response {
        Response(
            status: status, headers: [.contentType: type, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}

/// Tells a wrong method from a wrong path.
private struct OperationsErrors: RouterMiddleware {
    private static let paths: Set<String> = ["/healthz", "/readyz", "/metrics"]

    func handle(
        _ request: Request, context: BasicRequestContext,
        next: (Request, BasicRequestContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as HTTPError where error.status == .notFound {
            let isKnown = Self.paths.contains(request.uri.path)
            var response =
                isKnown
                ? Operations.text(.methodNotAllowed, "only GET and HEAD are allowed\n")
                : Operations.text(.notFound, "not found\n")
            if isKnown { response.headers[.allow] = "GET, HEAD" }
            return request.method == .head ? response.createHeadResponse() : response
        }
    }
}
