/// A signing key's id and what the key is derived for: `CLK0123456789/20260320/local/s3/aws4_request`.
///
/// Kept as it stands in the query, percent-encoded: a request's credential is compared whole with those seen before.
struct Credential: Sendable {
    /// `X-Amz-Credential` in its canonical encoding.
    let encoded: ArraySlice<UInt8>
    /// The scope's day, `yyyyMMdd`.
    let day: ArraySlice<UInt8>
    private let accessKeyIDLength: Int

    /// Joins an id and a scope.
    init(accessKeyID: String, scope: CredentialScope) {
        var encoded: [UInt8] = []
        for byte in "\(accessKeyID)/\(scope)".utf8 { PercentEncoding.append(byte, as: .query, to: &encoded) }
        self.encoded = encoded[...]
        self.day = ArraySlice(scope.day.utf8)
        self.accessKeyIDLength = accessKeyID.utf8.count
    }

    /// Parses a received credential and holds it to a policy.
    init(parsing encoded: ArraySlice<UInt8>, policy: SigningPolicy) throws(PresignedURLError) {
        // What is right ends in what it must end in; only what is not is taken apart.
        let suffixStart = encoded.endIndex - policy.encodedScopeSuffix.count
        let dayStart = suffixStart - 8
        let idEnd = dayStart - Self.separator.count
        guard idEnd > encoded.startIndex, encoded[suffixStart...] == policy.encodedScopeSuffix[...],
            DecimalDigits.value(of: encoded[dayStart..<suffixStart]) != nil,
            encoded[idEnd..<dayStart].isEqual(to: "%2F"), !encoded[..<idEnd].contains(UInt8(ascii: "%"))
        else { throw Self.fault(PercentEncoding.decodedText(encoded), policy: policy) }
        self.encoded = encoded
        self.day = encoded[dayStart..<suffixStart]
        self.accessKeyIDLength = idEnd - encoded.startIndex
    }

    private static let separator = "%2F".utf8

    private static func fault(_ credential: String, policy: SigningPolicy) -> PresignedURLError {
        let parts = credential.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        if parts.count != 5 { return .credential(.partCount(parts.count)) }
        if parts[0].isEmpty { return .credential(.accessKeyID) }
        if parts[1].utf8.count != 8 || DecimalDigits.value(of: parts[1].utf8) == nil {
            return .credential(.day(received: parts[1]))
        }
        if parts[2] != policy.region { return .credential(.region(received: parts[2], expected: policy.region)) }
        if parts[3] != SigningPolicy.service {
            return .credential(.service(received: parts[3], expected: SigningPolicy.service))
        }
        if parts[4] != CredentialScope.terminator {
            return .credential(.terminator(received: parts[4], expected: CredentialScope.terminator))
        }
        // All that is left is an id with a character that no id has.
        return .unknownAccessKey(parts[0])
    }

    /// The signing key's id: what no key is called is percent-encoded, and found nowhere.
    var accessKeyID: String { String(decoding: self.encoded.prefix(self.accessKeyIDLength), as: UTF8.self) }
}
