import ArgumentParser

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Start the server.",
        discussion: """
            The server listens on three addresses: one for the API (JSON, API keys), one for the storage origin \
            (presigned URLs, file contents), and one for operations (health, readiness, metrics). SIGTERM and SIGINT \
            stop it.

            Each option except --config can also be set by an environment variable and by a key of the configuration \
            file. For --max-size-bytes, they are CLOAKROOM_MAX_SIZE_BYTES and max-size-bytes. An option overrides the \
            environment, the environment overrides the file, and the file overrides the default.

            Serve behind a proxy that terminates TLS:
              cloakroom serve --data-dir /var/lib/cloakroom \\
                --api-url https://api.example.com --storage-url https://storage.example.com
            """)

    @Option(
        help: ArgumentHelp(
            "Read settings from this JSON file. Without this option, CLOAKROOM_CONFIG names the file.",
            valueName: "file"))
    var config: String?
    @Option(help: ArgumentHelp("Store all data in this directory. (default: storage-data)", valueName: "dir"))
    var dataDir: String?
    @Option(
        help: ArgumentHelp(
            "Listen for API requests on this address. Port 0 selects a free port. (default: 127.0.0.1:8080)",
            valueName: "host:port"))
    var apiAddress: String?
    @Option(
        help: ArgumentHelp(
            "Listen for requests with presigned URLs on this address. (default: 127.0.0.1:8081)",
            valueName: "host:port"))
    var storageAddress: String?
    @Option(
        help: ArgumentHelp(
            "Listen for health checks and metrics on this address. (default: 127.0.0.1:8082)",
            valueName: "host:port"))
    var operationsAddress: String?
    @Option(help: ArgumentHelp("The public base URL of the API. (default: http://<api-address>)", valueName: "url"))
    var apiURL: String?
    @Option(
        help: ArgumentHelp(
            """
            The public base URL of the storage origin. Every signature covers it. Separate several URLs by commas: the \
            first is used in new presigned URLs, all of them are accepted. (default: http://<storage-address>)
            """, valueName: "url"))
    var storageURL: String?
    @Option(help: "The region in the credential scope of presigned URLs. (default: local)")
    var region: String?
    @Option(
        help: ArgumentHelp(
            "The lifetime of presigned URLs in seconds: 1 to 604800. (default: 3600)", valueName: "seconds"))
    var urlLifetimeSeconds: String?
    @Option(
        help: ArgumentHelp(
            "The maximum size of a file in bytes: 1 to 5368709120. (default: 104857600)", valueName: "bytes"))
    var maxSizeBytes: String?
    @Option(
        help: ArgumentHelp(
            "The maximum number of requests per second for each API key of an organization. 0 means no limit. (default: 0)",
            valueName: "count"))
    var requestsPerSecond: String?
    @Option(
        help: ArgumentHelp(
            """
            The maximum number of concurrent requests for each API key of an organization. 0 means no limit. (default: 0)
            """, valueName: "count"))
    var concurrentRequestsPerKey: String?
    @Option(
        help: ArgumentHelp(
            """
            The maximum number of concurrent connections from each client address to the API and the storage origin \
            together. 0 means no limit. (default: 0)
            """, valueName: "count"))
    var connectionsPerAddress: String?
    @Option(
        help: ArgumentHelp(
            """
            Close a download after its client has read nothing for this many seconds: 20 to 86400. When connections are \
            scarce, it is closed earlier. (default: 300)
            """, valueName: "seconds"))
    var downloadStallSeconds: String?
    @Option(
        help: ArgumentHelp(
            """
            When to verify a file of more than 64 KiB while it is downloaded as a whole: first (since the start), never or \
            always. Smaller files are always verified. (default: first)
            """, valueName: "mode"))
    var verifyReads: String?
    @Option(
        help: ArgumentHelp(
            "Read and verify the bytes of each file once in this many days: 1 to 365. 0 disables this. (default: 30)",
            valueName: "days"))
    var scrubPeriodDays: String?
    @Option(
        help: ArgumentHelp(
            "The maximum number of bytes per second that --scrub-period-days reads. (default: 16777216)",
            valueName: "bytes"))
    var scrubBytesPerSecond: String?
    @Option(
        help: ArgumentHelp("Keep events for this many days: 1 to 365. (default: 7)", valueName: "days"))
    var eventRetentionDays: String?
    @Option(
        help: ArgumentHelp(
            "After SIGTERM or SIGINT, wait this many seconds for active requests: 0 to 3600. (default: 30)",
            valueName: "seconds"))
    var shutdownTimeoutSeconds: String?
    @Option(
        help: ArgumentHelp(
            "The least severe level to log: trace, debug, info, notice, warning, error or critical. (default: info)",
            valueName: "level"))
    var logLevel: String?
    @Option(
        help: ArgumentHelp(
            """
            Append a line of JSON for each request to this file, or to standard output if it is -. SIGHUP reopens the file. \
            (default: off)
            """, valueName: "file"))
    var accessLog: String?

    private var flags: [ConfigurationKey: String] {
        let values: [ConfigurationKey: String?] = [
            .dataDir: self.dataDir, .apiAddress: self.apiAddress, .storageAddress: self.storageAddress,
            .operationsAddress: self.operationsAddress, .apiURL: self.apiURL, .storageURL: self.storageURL,
            .region: self.region, .urlLifetimeSeconds: self.urlLifetimeSeconds, .maxSizeBytes: self.maxSizeBytes,
            .requestsPerSecond: self.requestsPerSecond, .concurrentRequestsPerKey: self.concurrentRequestsPerKey,
            .connectionsPerAddress: self.connectionsPerAddress, .downloadStallSeconds: self.downloadStallSeconds,
            .verifyReads: self.verifyReads, .scrubPeriodDays: self.scrubPeriodDays,
            .scrubBytesPerSecond: self.scrubBytesPerSecond, .eventRetentionDays: self.eventRetentionDays,
            .shutdownTimeoutSeconds: self.shutdownTimeoutSeconds,
            .logLevel: self.logLevel, .accessLog: self.accessLog,
        ]
        return values.compactMapValues { $0 }
    }

    func run() async throws {
        let configuration = try ConfigurationError.exiting { () throws(ConfigurationError) in
            let environment = try ConfigurationEnvironment.ofProcess.get()
            let path = if let config { config } else { try environment.file() }
            let file: ConfigurationFile? = if let path { try ConfigurationFile(ofServe: path) } else { nil }
            return try ServeConfiguration(
                ConfigurationSources(flags: self.flags, environment: environment, file: file))
        }
        for warning in configuration.warnings { StandardError.write("warning: \(warning)") }
        do {
            try await Composition(configuration).run()
        } catch let error as ConfigurationError {
            StandardError.write(error.description)
            throw ExitCode(64)
        } catch {
            StandardError.write("\(error)")
            throw ExitCode.failure
        }
    }
}
