/// The keys of the configuration; docs/configuration.md has each with its type, unit, default and range.
enum ConfigurationKey: String, Hashable, CaseIterable {
    case dataDir = "data-dir"
    case apiAddress = "api-address"
    case storageAddress = "storage-address"
    case operationsAddress = "operations-address"
    case apiURL = "api-url"
    case storageURL = "storage-url"
    case region
    case urlLifetimeSeconds = "url-lifetime-seconds"
    case maxSizeBytes = "max-size-bytes"
    case requestsPerSecond = "requests-per-second"
    case concurrentRequestsPerKey = "concurrent-requests-per-key"
    case connectionsPerAddress = "connections-per-address"
    case verifyReads = "verify-reads"
    case downloadStallSeconds = "download-stall-seconds"
    case scrubPeriodDays = "scrub-period-days"
    case scrubBytesPerSecond = "scrub-bytes-per-second"
    case eventRetentionDays = "event-retention-days"
    case shutdownTimeoutSeconds = "shutdown-timeout-seconds"
    case logLevel = "log-level"
    case accessLog = "access-log"

    // Of the commands that talk to a service.
    case server
    case key
    case organization

    /// The keys of the commands that talk to a service; all others are keys of `serve`.
    static let ofClient: Set<ConfigurationKey> = [.server, .key, .organization]
    /// The keys of `serve`.
    static let ofServe = Set(Self.allCases).subtracting(Self.ofClient)

    /// The environment variable with the key's value.
    var variable: String { "CLOAKROOM_" + self.rawValue.uppercased().replacing("-", with: "_") }

    /// Whether messages leave the value out.
    var isSecret: Bool { self == .key }
}
