import CloakroomCrypto

/// What a presigned URL says of itself: parsed, not believed.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>
public struct PresignedClaim: Sendable {
    /// Parses the access key id, up to the first slash of `X-Amz-Credential`.
    let accessKeyID: String
    /// The scope, each part as configured.
    let scope: CredentialScope
    /// `X-Amz-Date`.
    let date: Timestamp
    /// `X-Amz-Date` as received.
    let dateBytes: [UInt8]
    /// `X-Amz-Expires`, in seconds.
    let lifetimeSeconds: Int64
    /// `X-Amz-SignedHeaders`, split.
    let signedHeaders: [[UInt8]]
    /// `X-Amz-Signature`, `nil` where it is not 64 lower-case hexadecimal digits.
    let signature: SHA256Digest?
    /// Every parameter but the signature, sorted.
    let parameters: QueryParameters

    /// Whether the signed headers are in lower case, sorted and unique.
    var hasCanonicalSignedHeaders: Bool {
        let isOrdered = zip(self.signedHeaders, self.signedHeaders.dropFirst()).allSatisfy {
            $0.lexicographicallyPrecedes($1)
        }
        return isOrdered
            && self.signedHeaders.allSatisfy { name in
                !name.isEmpty && !name.contains { UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0 }
            }
    }

    /// The last second in which the URL works.
    var expiresAt: Timestamp { self.date.advanced(bySeconds: self.lifetimeSeconds) }

    /// Parses the claim of a request: the checks that need neither a clock nor a key.
    ///
    /// - Parameters:
    ///   - request: The head as received.
    ///   - policy: The region and lifetime to hold the claim to.
    /// - Throws: ``PresignedURLError`` of the first check that fails.
    public init(parsing request: ReceivedRequest, policy: SigningPolicy) throws(PresignedURLError) {
        var parameters = QueryParameters(parsing: request.query)
        try Self.checkMechanism(request, parameters)
        try Self.checkPresence(parameters)
        let algorithm = parameters.decodedValue(of: "X-Amz-Algorithm") ?? []
        guard algorithm.elementsEqual(StringToSign.algorithm.utf8) else {
            throw .unsupportedAlgorithm(String(decoding: algorithm, as: UTF8.self))
        }
        (self.accessKeyID, self.scope) = try Self.parseCredential(
            parameters.decodedValue(of: "X-Amz-Credential") ?? [], policy: policy)
        self.dateBytes = parameters.decodedValue(of: "X-Amz-Date") ?? []
        guard let date = Timestamp(iso8601Basic: self.dateBytes) else {
            throw .malformedDate(String(decoding: self.dateBytes, as: UTF8.self))
        }
        self.date = date
        guard self.scope.day.utf8.elementsEqual(self.dateBytes.prefix(8)) else {
            throw .scopeDayMismatch(
                scope: self.scope.day, date: String(decoding: self.dateBytes.prefix(8), as: UTF8.self))
        }
        self.lifetimeSeconds = try Self.parseLifetime(
            parameters.decodedValue(of: "X-Amz-Expires") ?? [], maximum: policy.lifetimeSeconds)
        self.signedHeaders = (parameters.decodedValue(of: "X-Amz-SignedHeaders") ?? [])
            .split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false).map(Array.init)
        self.signature = Self.parseSignature(parameters.decodedValue(of: "X-Amz-Signature") ?? [])
        parameters.remove("X-Amz-Signature")
        parameters.sort()
        self.parameters = parameters
    }

    private static let required: [StaticString] = [
        "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature",
    ]

    private static func checkMechanism(
        _ request: ReceivedRequest, _ parameters: QueryParameters
    ) throws(PresignedURLError) {
        let isVersion2 = parameters.contains("AWSAccessKeyId") || parameters.contains("Signature")
        guard Self.required.contains(where: { parameters.contains($0) }) else {
            throw isVersion2 ? .signatureVersion2 : .notPresigned
        }
        if request.values(of: "authorization".utf8).contains(where: { $0.hasPrefix("AWS4-") }) {
            throw .twoMechanisms
        }
        if isVersion2 || parameters.contains("Expires") { throw .signatureVersion2 }
    }

    private static func checkPresence(_ parameters: QueryParameters) throws(PresignedURLError) {
        for name in Self.required {
            let values = parameters.values(of: name)
            guard values.count < 2 else { throw .repeatedParameter(name.description) }
            guard let value = values.first, !value.isEmpty else { throw .missingParameter(name.description) }
        }
        let names = parameters.names.filter { $0.hasPrefix("X-Amz-") }.sorted { $0.lexicographicallyPrecedes($1) }
        for (name, next) in zip(names, names.dropFirst()) where name.elementsEqual(next) {
            throw .repeatedParameter(String(decoding: name, as: UTF8.self))
        }
    }

    private static func parseCredential(
        _ credential: [UInt8], policy: SigningPolicy
    ) throws(PresignedURLError) -> (String, CredentialScope) {
        let parts = credential.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        guard parts.count == 5 else { throw .credential(.partCount(parts.count)) }
        guard !parts[0].isEmpty else { throw .credential(.accessKeyID) }
        guard parts[1].utf8.count == 8, DecimalDigits.value(of: parts[1].utf8) != nil else {
            throw .credential(.day(received: parts[1]))
        }
        guard parts[2] == policy.region else {
            throw .credential(.region(received: parts[2], expected: policy.region))
        }
        guard parts[3] == SigningPolicy.service else {
            throw .credential(.service(received: parts[3], expected: SigningPolicy.service))
        }
        guard parts[4] == CredentialScope.terminator else {
            throw .credential(.terminator(received: parts[4], expected: CredentialScope.terminator))
        }
        return (parts[0], policy.scope(day: parts[1]))
    }

    private static func parseLifetime(
        _ digits: [UInt8], maximum: Int64
    ) throws(PresignedURLError) -> Int64 {
        guard digits.count <= 6, let seconds = DecimalDigits.value(of: digits) else {
            throw .malformedExpires(String(decoding: digits, as: UTF8.self))
        }
        guard seconds <= maximum else { throw .lifetimeTooLong(seconds: Int64(seconds), maximum: maximum) }
        return Int64(seconds)
    }

    private static func parseSignature(_ digits: [UInt8]) -> SHA256Digest? {
        guard !digits.contains(where: { UInt8(ascii: "A")...UInt8(ascii: "F") ~= $0 }) else { return nil }
        return SHA256Digest(hexadecimal: String(decoding: digits, as: UTF8.self))
    }
}
