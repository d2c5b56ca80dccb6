/// What presigned URLs are made with and verified by.
public struct SigningPolicy: Sendable {
    /// How far ahead of our clock a URL's date may be, in seconds: S3's allowance for clocks that differ.
    public static let clockSkewSeconds: Int64 = 900
    /// The only service.
    public static let service = "s3"

    /// The region in every credential scope.
    public let region: String
    /// The longest life of a URL, in seconds, and the life of those presigned, unless their file ends before.
    public let lifetimeSeconds: Int64
    /// The public base URLs of the storage origin; the first is presigned, all verify.
    public let baseURLs: [StorageURL]
    /// The largest file, in bytes.
    public let maximumSize: ByteCount
    /// What follows the day in every credential scope, percent-encoded.
    let encodedScopeSuffix: [UInt8]

    /// Creates a policy.
    public init(
        region: String, lifetimeSeconds: Int64, baseURL: StorageURL, otherBaseURLs: [StorageURL] = [],
        maximumSize: ByteCount
    ) {
        self.region = region
        self.lifetimeSeconds = lifetimeSeconds
        self.baseURLs = [baseURL] + otherBaseURLs
        self.maximumSize = maximumSize
        var suffix: [UInt8] = []
        for byte in "/\(region)/\(Self.service)/\(CredentialScope.terminator)".utf8 {
            PercentEncoding.append(byte, as: .query, to: &suffix)
        }
        self.encodedScopeSuffix = suffix
    }

    /// Returns the scope of a day, `yyyyMMdd`.
    public func scope(day: String) -> CredentialScope {
        CredentialScope(day: day, region: self.region, service: Self.service)
    }
}
