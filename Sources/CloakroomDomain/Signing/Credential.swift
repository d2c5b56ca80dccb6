/// A signing key's id and what the key is derived for: `CLK0123456789/20260320/local/s3/aws4_request`.
///
/// Kept as bytes: a request's credential is compared whole with those seen before.
struct Credential: Hashable, Sendable {
    /// `X-Amz-Credential`, decoded.
    let bytes: [UInt8]
    private let accessKeyIDLength: Int

    /// Joins an id and a scope.
    init(accessKeyID: String, scope: CredentialScope) {
        self.bytes = Array("\(accessKeyID)/\(scope)".utf8)
        self.accessKeyIDLength = accessKeyID.utf8.count
    }

    /// Parses a received credential and holds it to a policy.
    ///
    /// - Parameters:
    ///   - bytes: `X-Amz-Credential`, decoded.
    ///   - policy: The region to hold it to.
    /// - Throws: ``PresignedURLError``, which names the part that is wrong.
    init(parsing bytes: [UInt8], policy: SigningPolicy) throws(PresignedURLError) {
        let idLength = bytes.firstIndex(of: UInt8(ascii: "/")) ?? 0
        self.bytes = bytes
        self.accessKeyIDLength = idLength
        // What is right is compared with what it must be; only what is not is taken apart.
        guard idLength > 0, Self.isScope(bytes[(idLength + 1)...], of: policy) else {
            throw Self.fault(bytes, policy: policy)
        }
    }

    private static func isScope(_ bytes: ArraySlice<UInt8>, of policy: SigningPolicy) -> Bool {
        let day = bytes.prefix(8)
        return DecimalDigits.value(of: day) != nil && bytes.dropFirst(8) == policy.scopeSuffix[...]
    }

    private static func fault(_ bytes: [UInt8], policy: SigningPolicy) -> PresignedURLError {
        let parts = bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        if parts.count != 5 { return .credential(.partCount(parts.count)) }
        if parts[0].isEmpty { return .credential(.accessKeyID) }
        if parts[1].utf8.count != 8 || DecimalDigits.value(of: parts[1].utf8) == nil {
            return .credential(.day(received: parts[1]))
        }
        if parts[2] != policy.region { return .credential(.region(received: parts[2], expected: policy.region)) }
        if parts[3] != SigningPolicy.service {
            return .credential(.service(received: parts[3], expected: SigningPolicy.service))
        }
        return .credential(.terminator(received: parts[4], expected: CredentialScope.terminator))
    }

    /// The signing key's id.
    var accessKeyID: String { String(decoding: self.bytes[..<self.accessKeyIDLength], as: UTF8.self) }

    /// The scope as it stands in the string to sign.
    var scope: ArraySlice<UInt8> { self.bytes[(self.accessKeyIDLength + 1)...] }

    /// The scope's day, `yyyyMMdd`.
    var day: ArraySlice<UInt8> { self.scope.prefix(8) }
}
