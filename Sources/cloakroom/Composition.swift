import CLinux
import CloakroomDomain
import CloakroomLocal
import CloakroomServer
import CloakroomStore
import CloakroomSystem
import CoreMetrics
import Glibc
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// Wires the server: the one place that knows every part.
struct Composition {
    private let configuration: ServeConfiguration

    init(_ configuration: ServeConfiguration) {
        self.configuration = configuration
    }

    /// Serves until SIGTERM or SIGINT.
    func run() async throws {
        Self.prepareProcess()
        let registry = PrometheusRegistry()
        MetricsSystem.bootstrap(registry)
        let logger = Logger.standardError(self.configuration.logLevel)
        let (directory, openedLog) = try self.open(logger)
        let now = SystemClock().now
        let local = try await LocalStore.open(
            directory, health: StorageHealth(logger: logger), options: self.storeOptions, now: now)
        // What is in a directory before its database is not a store's.
        let accessLog = try openedLog ?? self.openAccessLog(logger)
        let firstStart = FirstStart(local: local)
        try firstStart.prepareSigningKey()
        let signingKeys = try SigningKeyWatcher(file: SigningKeyFile(directory: directory), logger: logger)

        try self.checkListening()
        let readiness = Readiness(local, minimumFreeBytes: UInt64(DiskReserve.untouchedBytes))
        let announcement = Announcement(apiURL: self.configuration.apiURL, firstStart: firstStart) {
            [configuration, logger] in
            let metadata = configuration.startMetadata(
                listeners: $0, maximumConnections: Self.descriptors.connections)
            logger.info("Server started", metadata: metadata)
        }
        let origins = try self.origins(
            storage: local.storage, signingKeys: signingKeys.keys, announcement: announcement, accessLog: accessLog,
            logger: logger)
        let operations = Operations(
            address: self.configuration.operationsAddress, readiness: readiness, registry: registry,
            group: MultiThreadedEventLoopGroup.singleton, logger: logger,
            onListening: { announcement.listening(.operations, $0) })
        let maintenance = Maintenance(store: local, signingKeys: signingKeys, logger: logger)
        let group = ServiceGroup(
            configuration: self.groupConfiguration(
                [announcement] + self.background(maintenance, store: local, accessLog: accessLog, logger: logger)
                    // The last one stops first: operations are there until no request is left.
                    + [operations, origins], logger: logger))
        let stop = Stop(
            origins: origins, readiness: readiness, timeoutSeconds: self.configuration.shutdownTimeoutSeconds,
            logger: logger)
        try await local.begin(now: now)
        // Transfers that take longer than the shutdown's limit are cut off, which is no failure of the server.
        do { try await stop.run(group) } catch is CancellationError {}
        await accessLog?.close()
        try await local.shutDown()
        stop.ended()
    }

    /// Opens the data directory and the access log; a new directory only if the server can listen and write the log: a start
    /// that cannot creates none.
    ///
    /// What is wrong with a store is said first. If it has a server already, the ports are taken, too.
    private func open(_ logger: Logger) throws -> (DataDirectory, AccessLog?) {
        let path = self.configuration.dataDirectory
        let content = try DataDirectory.content(at: path)
        if content != .store { try self.checkListening() }
        // A log inside a new directory comes after its database.
        guard content == .empty else {
            return (try DataDirectory(path: path, exclusively: true), try self.openAccessLog(logger))
        }
        let isInside = self.configuration.accessLog?.isInside(path) == true
        let opened = isInside ? nil : try self.openAccessLog(logger)
        return (try DataDirectory(path: path, exclusively: true), opened)
    }

    private func openAccessLog(_ logger: Logger) throws -> AccessLog? {
        try self.configuration.accessLog.map { try AccessLog($0, logger: logger) }
    }

    private func checkListening() throws {
        let configuration = self.configuration
        // Port 0 becomes one that is not known yet.
        if configuration.storageURLs.isEmpty { _ = try self.boundURL(max(1, configuration.storageAddress.port)) }
        try BoundSocket.checkListening(on: [
            ("api-address", configuration.apiAddress), ("storage-address", configuration.storageAddress),
            ("operations-address", configuration.operationsAddress),
        ])
    }

    private func origins(
        storage: Storage, signingKeys: SigningKeys, announcement: Announcement, accessLog: AccessLog?,
        logger: Logger
    ) throws -> Origins {
        let eventLoops = MultiThreadedEventLoopGroup.singleton
        let socket = try BoundSocket.bind(self.configuration.storageAddress)
        let policy = try self.policy(storagePort: socket.port)
        let connectionLimiter = self.configuration.connectionsPerAddress.map {
            ConnectionLimiter(connectionsPerAddress: $0)
        }
        return Origins(
            api: API(
                address: self.configuration.apiAddress, storage: storage, policy: policy,
                signingKeys: signingKeys, requestsPerSecond: self.configuration.requestsPerSecond,
                concurrentRequestsPerKey: self.configuration.concurrentRequestsPerKey,
                maximumConnections: Self.descriptors.connections,
                downloadStallSeconds: self.configuration.downloadStallSeconds, connectionLimiter: connectionLimiter,
                accessLog: accessLog, group: eventLoops, logger: logger,
                onListening: { announcement.listening(.api, $0) }),
            storage: StorageOrigin(
                socket: socket, storage: storage, policy: policy, signingKeys: signingKeys,
                limits: StorageOriginLimits(
                    downloadStallSeconds: self.configuration.downloadStallSeconds,
                    maximumConnections: Self.descriptors.connections),
                connectionLimiter: connectionLimiter, accessLog: accessLog, group: eventLoops, logger: logger,
                onListening: { announcement.listening(.storage, $0) }))
    }

    /// What works without requests.
    private func background(
        _ maintenance: Maintenance, store: LocalStore, accessLog: AccessLog?, logger: Logger
    ) -> [any Service] {
        var services: [any Service] = [maintenance]
        if let pace = self.configuration.scrubPace {
            services.append(Scrub(scrubber: Scrubber(store, pace: pace), logger: logger))
        }
        if let accessLog, self.configuration.accessLog != .standardOutput {
            services.append(AccessLogRotation(accessLog: accessLog))
        }
        return services
    }

    private func policy(storagePort: Int) throws -> SigningPolicy {
        let urls =
            try self.configuration.storageURLs.isEmpty
            ? [self.boundURL(storagePort)] : self.configuration.storageURLs
        return SigningPolicy(
            region: self.configuration.region, lifetimeSeconds: self.configuration.urlLifetimeSeconds,
            baseURL: urls[0], otherBaseURLs: Array(urls.dropFirst()), maximumSize: self.configuration.maximumSize)
    }

    /// The public URL where none is configured.
    private func boundURL(_ port: Int) throws -> StorageURL {
        let address = self.configuration.storageAddress
        let host = address.host.contains(":") ? "[\(address.host)]" : address.host
        guard let url = StorageURL("http://\(host):\(port)") else {
            throw ConfigurationError("storage-address: \(address) does not form a URL; set storage-url")
        }
        return url
    }

    private func groupConfiguration(_ services: [any Service], logger: Logger) -> ServiceGroupConfiguration {
        var logger = logger
        // The group reports each service that it starts and stops; below `debug` nobody asked.
        logger.logLevel = max(logger.logLevel, .warning)
        // A listener that fails, as at the start, ends the others in their order.
        var configuration = ServiceGroupConfiguration(
            services: services.map { .init(service: $0, failureTerminationBehavior: .gracefullyShutdownGroup) },
            logger: logger)
        configuration.maximumGracefulShutdownDuration = .seconds(
            self.configuration.shutdownTimeoutSeconds + Stop.spareSeconds)
        return configuration
    }

    private var storeOptions: LocalStore.Options {
        var options = LocalStore.Options()
        options.openBlobs = Self.descriptors.openBlobs
        options.storage.verification = self.configuration.readVerification
        options.storage.urlLifetimeSeconds = self.configuration.urlLifetimeSeconds
        options.storage.eventRetentionSeconds = self.configuration.eventRetentionDays * 86_400
        options.lookupThreads = System.coreCount
        return options
    }

    /// How the descriptors are shared out; 1,024 where their limit cannot be told.
    private static var descriptors: DescriptorBudget {
        DescriptorBudget(descriptors: Self.descriptorLimit ?? 1_024, cores: System.coreCount)
    }

    private static var descriptorLimit: Int? {
        var files = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &files) == 0 else { return nil }
        return Int(clamping: files.rlim_cur)
    }

    private static func prepareProcess() {
        // Everything in the data directory is the owner's alone, SQLite's files among it.
        umask(0o077)
        // Buffers of an upload's batch come from memory that is kept: giving it back and faulting it in again costs more
        // than filling it.
        mallopt(CLOAKROOM_M_MMAP_THRESHOLD, 4 * 1_024 * 1_024)
        mallopt(CLOAKROOM_M_TRIM_THRESHOLD, 32 * 1_024 * 1_024)
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            limit.rlim_cur = limit.rlim_max
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        }
    }
}
