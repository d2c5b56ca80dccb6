public import CloakroomCrypto

/// SigV4's canonical request, the one form that both signing and verifying hash, put together line by line.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>
public struct CanonicalRequest: Sendable {
    /// The payload hash of a presigned URL whose body is not known.
    public static let unsignedPayload = Array("UNSIGNED-PAYLOAD".utf8)

    private static let newline = UInt8(ascii: "\n")

    /// The request's canonical bytes, whole after ``end(signedHeaders:payloadHash:)``.
    public private(set) var bytes: [UInt8] = []

    /// Begins the canonical form: method, path and query.
    ///
    /// - Parameters:
    ///   - method: Verbatim.
    ///   - path: Percent-encoded as received; decoded once and encoded again, with no segment removed.
    ///   - parameters: Sorted, without `X-Amz-Signature`.
    public init(method: some Collection<UInt8>, path: ArraySlice<UInt8>, parameters: QueryParameters) {
        self.bytes.reserveCapacity(1_024)
        self.bytes.append(contentsOf: method)
        self.bytes.append(Self.newline)
        PercentEncoding.appendCanonical(path, as: .path, to: &self.bytes)
        self.bytes.append(Self.newline)
        parameters.appendQuery(to: &self.bytes)
        self.bytes.append(Self.newline)
    }

    /// Appends a signed header; they come in the order of their names.
    ///
    /// - Parameters:
    ///   - name: In lower case.
    ///   - value: Canonical already: trimmed, without runs of spaces.
    public mutating func append(name: some Collection<UInt8>, canonicalValue value: some Collection<UInt8>) {
        self.bytes.append(contentsOf: name)
        self.bytes.append(UInt8(ascii: ":"))
        self.bytes.append(contentsOf: value)
        self.bytes.append(Self.newline)
    }

    /// Appends a signed header; they come in the order of their names.
    ///
    /// - Parameters:
    ///   - name: In lower case.
    ///   - values: As received, one for each field line, in the order of arrival; they are trimmed, inner runs of spaces
    ///     made one, and joined by `,`.
    public mutating func append(name: some Collection<UInt8>, values: [ArraySlice<UInt8>]) {
        self.bytes.append(contentsOf: name)
        self.bytes.append(UInt8(ascii: ":"))
        for (index, value) in values.enumerated() {
            if index > 0 { self.bytes.append(UInt8(ascii: ",")) }
            self.appendCollapsed(value)
        }
        self.bytes.append(Self.newline)
    }

    private mutating func appendCollapsed(_ value: ArraySlice<UInt8>) {
        var pendingSpace = false
        var hasText = false
        for byte in value {
            if byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") {
                pendingSpace = hasText
                continue
            }
            if pendingSpace { self.bytes.append(UInt8(ascii: " ")) }
            pendingSpace = false
            hasText = true
            self.bytes.append(byte)
        }
    }

    /// Ends the canonical form.
    ///
    /// - Parameters:
    ///   - signedHeaders: The names of the headers that were appended, joined by `;`.
    ///   - payloadHash: `UNSIGNED-PAYLOAD` or 64 hexadecimal digits, as it stands in the request.
    public mutating func end(signedHeaders: some Collection<UInt8>, payloadHash: some Collection<UInt8>) {
        self.bytes.append(Self.newline)
        self.bytes.append(contentsOf: signedHeaders)
        self.bytes.append(Self.newline)
        self.bytes.append(contentsOf: payloadHash)
    }

    /// The digest that the string to sign holds.
    public var digest: SHA256Digest {
        SHA256.hash(self.bytes)
    }
}
