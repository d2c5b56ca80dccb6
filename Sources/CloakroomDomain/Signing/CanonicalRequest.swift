public import CloakroomCrypto

/// SigV4's canonical request, the one form that both signing and verifying hash.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>
public struct CanonicalRequest: Sendable {
    /// The payload hash of a presigned URL whose body is not known.
    public static let unsignedPayload = Array("UNSIGNED-PAYLOAD".utf8)

    /// The request's canonical bytes.
    public let bytes: [UInt8]

    /// Builds the canonical form.
    ///
    /// - Parameters:
    ///   - method: Verbatim.
    ///   - path: Percent-encoded as received; decoded once and encoded again, with no segment removed.
    ///   - parameters: Sorted, without `X-Amz-Signature`.
    ///   - headers: The signed headers, in the order of their names.
    ///   - payloadHash: `UNSIGNED-PAYLOAD` or 64 hexadecimal digits, as it stands in the request.
    public init(
        method: some Collection<UInt8>, path: ArraySlice<UInt8>, parameters: QueryParameters,
        headers: CanonicalHeaders, payloadHash: some Collection<UInt8>
    ) {
        let newline = UInt8(ascii: "\n")
        var bytes: [UInt8] = []
        bytes.reserveCapacity(1_024)
        bytes.append(contentsOf: method)
        bytes.append(newline)
        PercentEncoding.appendCanonical(path, as: .path, to: &bytes)
        bytes.append(newline)
        parameters.appendQuery(to: &bytes)
        bytes.append(newline)
        bytes.append(contentsOf: headers.lines)
        bytes.append(newline)
        bytes.append(contentsOf: headers.names)
        bytes.append(newline)
        bytes.append(contentsOf: payloadHash)
        self.bytes = bytes
    }

    /// The digest that the string to sign holds.
    public var digest: SHA256Digest {
        SHA256.hash(self.bytes)
    }
}
