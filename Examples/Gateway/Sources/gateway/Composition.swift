import AsyncHTTPClient
import CloakroomClient
import CloakroomDomain
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle
import UnixSignals

import Glibc

/// Wires the gateway: the one place that knows every part.
struct Composition: Sendable {
    /// How long requests and commands under way may take after SIGTERM.
    private static let shutdownDuration = Duration.seconds(10)

    private let configuration: GatewayConfiguration

    init(_ configuration: GatewayConfiguration) {
        self.configuration = configuration
    }

    /// Serves until SIGTERM or SIGINT.
    func run() async throws {
        // A client that goes away is reported by the call that notices.
        signal(SIGPIPE, SIG_IGN)
        var client = HTTPClient.Configuration()
        // A redirection is the customer's to follow.
        client.redirectConfiguration = .disallow
        client.httpVersion = .http1Only
        try await HTTPClient.withHTTPClient(configuration: client) { httpClient in
            try await self.serve(httpClient)
        }
    }

    private func serve(_ httpClient: HTTPClient) async throws {
        var logger = Logger(label: "gateway") { StreamLogHandler.standardError(label: $0) }
        // The frameworks report each service that they start and stop; nobody asked.
        logger.logLevel = .warning
        let cloakroom = CloakroomClient(
            server: self.configuration.server, key: self.configuration.key, httpClient: httpClient)
        let executions = Executions(accounts: self.configuration.accounts)
        let pool = ExecutionPool(
            executions: executions,
            runner: ExecutionRunner(client: cloakroom, fetcher: InputFetcher(httpClient: httpClient), logger: logger),
            limit: self.configuration.concurrentExecutions)
        let api = API(
            authenticator: Authenticator(accounts: self.configuration.accounts), executions: executions,
            submit: SubmitExecution(
                models: self.configuration.models, executions: executions, pool: pool, client: cloakroom),
            files: ForwardFiles(
                httpClient: httpClient, server: self.configuration.server, key: self.configuration.key))
        var group = ServiceGroupConfiguration(
            services: [pool, self.application(api, logger)] as [any Service],
            gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        group.maximumGracefulShutdownDuration = Self.shutdownDuration
        do {
            try await ServiceGroup(configuration: group).run()
        } catch is CancellationError {
            // What takes longer than the shutdown's limit is cut off, which is no failure of the gateway.
        }
    }

    private func application(_ api: API, _ logger: Logger) -> some Service {
        let address = self.configuration.address
        return Application(
            router: api.router(),
            server: .http1(configuration: HTTP1Channel.Configuration(idleTimeout: .seconds(75))),
            configuration: ApplicationConfiguration(address: .hostname(address.host, port: address.port)),
            onServerRunning: { channel in
                guard let bound = channel.localAddress else { return }
                print("gateway http://\(bound.ipAddress ?? ""):\(bound.port ?? 0)")
                fflush(nil)
            },
            logger: logger)
    }
}
