public import CloakroomCrypto

/// SigV4's string to sign: algorithm, time, scope and the canonical request's digest, a line each.
public struct StringToSign: Sendable {
    /// The algorithm, the only one.
    public static let algorithm = "AWS4-HMAC-SHA256"
    private static let firstLine = Array("AWS4-HMAC-SHA256\n".utf8)

    /// The string's bytes.
    public let bytes: [UInt8]

    /// Builds the string of the request's time and scope, as they stand in `X-Amz-Date` and `X-Amz-Credential`, and the
    /// digest of the canonical request.
    public init(timestamp: some Collection<UInt8>, scope: some Collection<UInt8>, digest: SHA256Digest) {
        let newline = UInt8(ascii: "\n")
        var bytes: [UInt8] = []
        bytes.reserveCapacity(192)
        bytes.append(contentsOf: Self.firstLine)
        bytes.append(contentsOf: timestamp)
        bytes.append(newline)
        bytes.append(contentsOf: scope)
        bytes.append(newline)
        digest.appendHexadecimal(to: &bytes)
        self.bytes = bytes
    }
}
