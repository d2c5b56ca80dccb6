/// The keys of `serve`; docs/configuration.md has each with its type, unit, default and range.
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
    case shutdownTimeoutSeconds = "shutdown-timeout-seconds"
    case logLevel = "log-level"
    case accessLog = "access-log"
}

/// A value that cannot be used: which key, which value, from where, and what is allowed.
struct ConfigurationError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }

    init(_ key: ConfigurationKey, _ value: ConfigurationSources.Value, allowed: String) {
        self.init("\(key.rawValue) (\(value.source)): \"\(value.text)\" is not allowed; it must be \(allowed)")
    }
}
