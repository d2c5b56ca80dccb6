import CloakroomCrypto

/// What a presigned URL says of itself: parsed, not believed.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>
public struct PresignedClaim: Sendable {
    /// `X-Amz-Credential`: a key's id and a scope.
    let credential: Credential
    /// `X-Amz-Date`.
    let date: Timestamp
    /// `X-Amz-Date` as received.
    let dateBytes: ArraySlice<UInt8>
    /// `X-Amz-Expires`, in seconds.
    let lifetimeSeconds: Int64
    /// `X-Amz-SignedHeaders`, split.
    let signedHeaders: SignedHeaderNames
    /// `X-Amz-Signature`, `nil` where it is not 64 lower-case hexadecimal digits.
    let signature: SHA256Digest?
    /// Every parameter but the signature, sorted.
    let parameters: QueryParameters

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
        let algorithm = parameters.value(of: "X-Amz-Algorithm") ?? []
        guard algorithm.isEqual(to: "AWS4-HMAC-SHA256") else {
            throw .unsupportedAlgorithm(String(decoding: PercentEncoding.decodeCanonical(algorithm), as: UTF8.self))
        }
        self.credential = try Credential(
            parsing: parameters.decodedValue(of: "X-Amz-Credential") ?? [], policy: policy)
        // What a valid date is made of is not percent-encoded.
        self.dateBytes = parameters.value(of: "X-Amz-Date") ?? []
        guard let date = Timestamp(iso8601Basic: self.dateBytes) else {
            throw .malformedDate(String(decoding: PercentEncoding.decodeCanonical(self.dateBytes), as: UTF8.self))
        }
        self.date = date
        guard self.credential.day == self.dateBytes.prefix(8) else {
            throw .scopeDayMismatch(
                scope: String(decoding: self.credential.day, as: UTF8.self),
                date: String(decoding: self.dateBytes.prefix(8), as: UTF8.self))
        }
        self.lifetimeSeconds = try Self.parseLifetime(
            parameters.value(of: "X-Amz-Expires") ?? [], maximum: policy.lifetimeSeconds)
        self.signedHeaders = SignedHeaderNames(parameters.decodedValue(of: "X-Amz-SignedHeaders") ?? [])
        self.signature = SHA256Digest(lowerCaseHexadecimal: parameters.value(of: "X-Amz-Signature") ?? [])
        parameters.remove("X-Amz-Signature")
        parameters.sort()
        self.parameters = parameters
    }

    private static let authorizationName = ArraySlice("authorization".utf8)
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
        if request.values(of: Self.authorizationName).contains(where: { $0.hasPrefix("AWS4-") }) {
            throw .twoMechanisms
        }
        if isVersion2 || parameters.contains("Expires") { throw .signatureVersion2 }
    }

    private static func checkPresence(_ parameters: QueryParameters) throws(PresignedURLError) {
        for name in Self.required {
            guard parameters.count(of: name) < 2 else { throw .repeatedParameter(name.description) }
            guard parameters.value(of: name)?.isEmpty == false else { throw .missingParameter(name.description) }
        }
        // Each of those is there once; others may be there as well.
        guard parameters.count(withPrefix: "X-Amz-") > Self.required.count else { return }
        let names = parameters.names.filter { $0.hasPrefix("X-Amz-") }.sorted { $0.lexicographicallyPrecedes($1) }
        for (name, next) in zip(names, names.dropFirst()) where name.elementsEqual(next) {
            throw .repeatedParameter(String(decoding: name, as: UTF8.self))
        }
    }

    private static func parseLifetime(
        _ encoded: ArraySlice<UInt8>, maximum: Int64
    ) throws(PresignedURLError) -> Int64 {
        // Digits are not percent-encoded.
        guard encoded.count <= 6, let seconds = DecimalDigits.value(of: encoded) else {
            throw .malformedExpires(String(decoding: PercentEncoding.decodeCanonical(encoded), as: UTF8.self))
        }
        guard seconds <= maximum else { throw .lifetimeTooLong(seconds: Int64(seconds), maximum: maximum) }
        return Int64(seconds)
    }
}
