import ArgumentParser

/// The command `cloakroom serve`.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serves the API, the storage origin and the operations listener.",
        discussion: """
            Every option is also an environment variable, CLOAKROOM_ and the option's name in capitals with _ for -, \
            and a key of the JSON file that --config names. Options win over the environment, the environment over \
            the file, the file over the defaults.
            """)

    @Option(help: "A JSON file with the keys below.")
    var config: String?
    @Option(help: "The directory that holds everything that lasts. (default: storage-data)")
    var dataDir: String?
    @Option(help: "Where the API listens; port 0 takes a free one. (default: 127.0.0.1:8080)")
    var apiAddress: String?
    @Option(help: "Where the storage origin listens. (default: 127.0.0.1:8081)")
    var storageAddress: String?
    @Option(help: "Where the operations listener listens. (default: 127.0.0.1:8082)")
    var operationsAddress: String?
    @Option(help: "The API's public base URL. (default: http://<api-address>)")
    var apiURL: String?
    @Option(
        help:
            "The storage origin's public base URL, part of every signature; further ones after commas also verify. (default: http://<storage-address>)"
    )
    var storageURL: String?
    @Option(help: "The region of credential scopes. (default: local)")
    var region: String?
    @Option(help: "How long presigned URLs work, in seconds. (default: 3600)")
    var urlLifetimeSeconds: String?
    @Option(help: "The largest file, in bytes. (default: 104857600)")
    var maxSizeBytes: String?
    @Option(help: "The most requests of an organization's API key in a second; 0 for any number. (default: 0)")
    var requestsPerSecond: String?
    @Option(help: "The most requests of an organization's API key at a time; 0 for any number. (default: 0)")
    var concurrentRequestsPerKey: String?
    @Option(
        help:
            "The most connections of a client address at a time, over the API and the storage origin together; 0 for any number. (default: 0)"
    )
    var connectionsPerAddress: String?
    @Option(help: "Within how many days each file's bytes are read again and checked; 0 for never. (default: 30)")
    var scrubPeriodDays: String?
    @Option(help: "How many bytes are read for that in a second at most. (default: 16777216)")
    var scrubBytesPerSecond: String?
    @Option(help: "How long requests under way may take after SIGTERM, in seconds. (default: 30)")
    var shutdownTimeoutSeconds: String?
    @Option(help: "trace, debug, info, notice, warning, error or critical. (default: info)")
    var logLevel: String?

    private var flags: [ConfigurationKey: String] {
        let values: [(ConfigurationKey, String?)] = [
            (.dataDir, self.dataDir), (.apiAddress, self.apiAddress), (.storageAddress, self.storageAddress),
            (.operationsAddress, self.operationsAddress), (.apiURL, self.apiURL), (.storageURL, self.storageURL),
            (.region, self.region), (.urlLifetimeSeconds, self.urlLifetimeSeconds),
            (.maxSizeBytes, self.maxSizeBytes), (.requestsPerSecond, self.requestsPerSecond),
            (.concurrentRequestsPerKey, self.concurrentRequestsPerKey),
            (.connectionsPerAddress, self.connectionsPerAddress),
            (.scrubPeriodDays, self.scrubPeriodDays), (.scrubBytesPerSecond, self.scrubBytesPerSecond),
            (.shutdownTimeoutSeconds, self.shutdownTimeoutSeconds),
            (.logLevel, self.logLevel),
        ]
        return Dictionary(uniqueKeysWithValues: values.compactMap { key, value in value.map { (key, $0) } })
    }

    func run() async throws {
        let configuration: ServeConfiguration
        do {
            let sources = try await ConfigurationSources(flags: self.flags, file: self.config)
            configuration = try ServeConfiguration(sources)
        } catch let error as ConfigurationError {
            StandardError.write(error.description)
            throw ExitCode(64)
        }
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
