import CloakroomDomain
import CloakroomLocal
import CloakroomServer
import CloakroomStore
import Logging

/// Everything that `serve` can be told, validated: built once, read nowhere else.
struct ServeConfiguration {
    let dataDirectory: String
    let apiAddress: ListenAddress
    let storageAddress: ListenAddress
    let operationsAddress: ListenAddress
    /// `nil`: the address that was bound.
    let apiURL: StorageURL?
    /// The first is presigned; none: the address that was bound.
    let storageURLs: [StorageURL]
    let region: String
    let urlLifetimeSeconds: Int64
    let maximumSize: ByteCount
    /// `nil`: any number.
    let requestsPerSecond: Int?
    /// `nil`: any number.
    let concurrentRequestsPerKey: Int?
    /// `nil`: any number.
    let connectionsPerAddress: Int?
    let downloadStallSeconds: Int
    let readVerification: ReadVerification
    /// `nil`: files are not read again.
    let scrubPace: ScrubPace?
    let eventRetentionDays: Int64
    let shutdownTimeoutSeconds: Int64
    let logLevel: Logger.Level
    /// `nil`: requests are not logged.
    let accessLog: AccessLogDestination?

    init(_ sources: ConfigurationSources) throws(ConfigurationError) {
        self.dataDirectory = try Self.dataDirectory(sources)
        self.apiAddress = try Self.address(.apiAddress, sources, default: "127.0.0.1:8080")
        self.storageAddress = try Self.address(.storageAddress, sources, default: "127.0.0.1:8081")
        self.operationsAddress = try Self.address(.operationsAddress, sources, default: "127.0.0.1:8082")
        self.apiURL = try sources.value(.apiURL, allowed: StorageURL.rule) { StorageURL($0) }
        self.storageURLs = try Self.storageURLs(sources)
        self.region = try Self.value(
            .region, sources, default: "local", allowed: "1 to 32 characters from a-z, 0-9 and -"
        ) { Self.region($0) }
        // X-Amz-Expires allows at most seven days.
        self.urlLifetimeSeconds = try Self.integer(.urlLifetimeSeconds, sources, default: 3_600, 1...604_800)
        // Up to what S3 takes in one PUT, 5 GiB.
        let size = try Self.integer(
            .maxSizeBytes, sources, default: ByteCount.defaultMaximumFileSize.bytes, 1...5_368_709_120)
        self.maximumSize = ByteCount(size) ?? .defaultMaximumFileSize
        self.requestsPerSecond = try Self.limit(.requestsPerSecond, sources, 0...1_000_000)
        self.concurrentRequestsPerKey = try Self.limit(.concurrentRequestsPerKey, sources, 0...100_000)
        self.connectionsPerAddress = try Self.limit(.connectionsPerAddress, sources, 0...1_000_000)
        // From the window over which the lowest rate is measured, to a day.
        self.downloadStallSeconds = Int(
            try Self.integer(.downloadStallSeconds, sources, default: Int64(LowestRate.stallSeconds), 20...86_400))
        let verifications = ReadVerification.allCases.map(\.rawValue).joined(separator: ", ")
        self.readVerification = try Self.value(
            .verifyReads, sources, default: "first", allowed: "one of \(verifications)"
        ) { ReadVerification(rawValue: $0) }
        self.scrubPace = try Self.scrubPace(sources)
        self.eventRetentionDays = try Self.integer(.eventRetentionDays, sources, default: 7, 1...365)
        self.shutdownTimeoutSeconds = try Self.integer(.shutdownTimeoutSeconds, sources, default: 30, 0...3_600)
        let levels = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
        self.logLevel = try Self.value(.logLevel, sources, default: "info", allowed: "one of \(levels)") {
            Logger.Level(rawValue: $0)
        }
        self.accessLog = try Self.value(.accessLog, sources, default: "off", allowed: "a path, - or off") {
            Self.accessLog($0)
        }
        try self.checkAddresses()
    }

    /// The data directory, for every command that uses one.
    static func dataDirectory(_ sources: ConfigurationSources) throws(ConfigurationError) -> String {
        try self.value(.dataDir, sources, default: "storage-data", allowed: "a path") {
            $0.isEmpty || $0.utf8.contains(0) ? nil : $0
        }
    }

    private static func value<Value>(
        _ key: ConfigurationKey, _ sources: ConfigurationSources, as type: ConfigurationFile.ValueType = .string,
        default defaultText: String, allowed: String, _ parse: (String) -> Value?
    ) throws(ConfigurationError) -> Value {
        guard let value = try sources.value(key, as: type, allowed: allowed, parse) ?? parse(defaultText) else {
            throw ConfigurationError(key, .init(text: defaultText, source: "default"), allowed: allowed)
        }
        return value
    }

    private static func address(
        _ key: ConfigurationKey, _ sources: ConfigurationSources, default defaultText: String
    ) throws(ConfigurationError) -> ListenAddress {
        try self.value(key, sources, default: defaultText, allowed: ListenAddress.rule) {
            ListenAddress($0, anyHost: ListenAddress.anyHost)
        }
    }

    private static func integer(
        _ key: ConfigurationKey, _ sources: ConfigurationSources, default number: Int64, _ range: ClosedRange<Int64>
    ) throws(ConfigurationError) -> Int64 {
        let allowed = "a whole number from \(range.lowerBound) to \(range.upperBound)"
        return try self.value(key, sources, as: .number, default: "\(number)", allowed: allowed) { text in
            DecimalDigits.value(of: text.utf8).map(Int64.init).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// A number that is 0, and so `nil`, where there is no limit.
    private static func limit(
        _ key: ConfigurationKey, _ sources: ConfigurationSources, _ range: ClosedRange<Int64>
    ) throws(ConfigurationError) -> Int? {
        let number = try self.integer(key, sources, default: 0, range)
        return number == 0 ? nil : Int(number)
    }

    private static func scrubPace(_ sources: ConfigurationSources) throws(ConfigurationError) -> ScrubPace? {
        let days = try self.integer(.scrubPeriodDays, sources, default: 30, 0...365)
        // Up to what no disk gives, 10 GiB.
        let rate = try self.integer(.scrubBytesPerSecond, sources, default: 16_777_216, 1...10_737_418_240)
        return days == 0 ? nil : ScrubPace(periodDays: days, bytesPerSecond: rate)
    }

    private static func storageURLs(_ sources: ConfigurationSources) throws(ConfigurationError) -> [StorageURL] {
        let allowed = StorageURL.rule + ", or several separated by commas"
        return try sources.value(.storageURL, allowed: allowed) { text in
            let texts = text.split(separator: ",", omittingEmptySubsequences: false)
            let urls = texts.compactMap { StorageURL(Self.withoutSpacesAtEnds($0)) }
            return urls.count == texts.count ? urls : nil
        } ?? []
    }

    private static func withoutSpacesAtEnds(_ text: Substring) -> Substring {
        var text = text.drop { $0 == " " }
        while text.last == " " { text.removeLast() }
        return text
    }

    /// Reads where the access log goes: `off`, `-`, or a path.
    private static func accessLog(_ text: String) -> AccessLogDestination?? {
        switch text {
        case "": .none
        case "off": .some(nil)
        case "-": .standardOutput
        default: .file(text)
        }
    }

    /// Rejects two listeners on one address, of which the second would find it taken.
    private func checkAddresses() throws(ConfigurationError) {
        let addresses: [(ConfigurationKey, ListenAddress)] = [
            (.apiAddress, self.apiAddress), (.storageAddress, self.storageAddress),
            (.operationsAddress, self.operationsAddress),
        ]
        for (index, (key, address)) in addresses.enumerated() where address.port != 0 {
            guard let (other, _) = addresses[..<index].first(where: { $0.1 == address }) else { continue }
            throw ConfigurationError(
                "\(key.rawValue): \(address) is not allowed, because \(other.rawValue) has it")
        }
    }

    private static func region(_ text: String) -> String? {
        let isAllowed = text.utf8.allSatisfy {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                || $0 == UInt8(ascii: "-")
        }
        return isAllowed && (1...32).contains(text.utf8.count) ? text : nil
    }
}
