/// What a signing key is derived for: `20260320/local/s3/aws4_request`.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>
public struct CredentialScope: Hashable, Sendable, CustomStringConvertible {
    /// The scope's last part.
    public static let terminator = "aws4_request"

    /// `yyyyMMdd`.
    public let day: String
    /// The region.
    public let region: String
    /// The service, `s3` for presigned URLs.
    public let service: String

    /// Creates a scope of a day, `yyyyMMdd`; the service is `s3` for presigned URLs.
    public init(day: String, region: String, service: String) {
        self.day = day
        self.region = region
        self.service = service
    }

    /// The parts joined by `/`, as in the string to sign.
    public var description: String {
        "\(self.day)/\(self.region)/\(self.service)/\(Self.terminator)"
    }
}
