import CloakroomCrypto

/// What a presigned URL says of itself: parsed, not believed.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>
///
/// A class: it has many parts, and is handed on from check to check.
public final class PresignedClaim: Sendable {
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

    /// Parses the claim of a request: the checks that need neither a clock nor a key; throws the first that fails.
    public init(parsing request: ReceivedRequest, policy: SigningPolicy) throws(PresignedURLError) {
        var parameters = request.queryParameters
        try Self.checkMechanism(request, parameters)
        try Self.checkPresence(parameters)
        let algorithm = parameters.value(of: .algorithm) ?? []
        guard algorithm.isEqual(to: "AWS4-HMAC-SHA256") else {
            throw .unsupportedAlgorithm(PercentEncoding.decodedText(algorithm))
        }
        self.credential = try Credential(
            parsing: parameters.value(of: .credential) ?? [], policy: policy)
        // What a valid date is made of is not percent-encoded.
        self.dateBytes = parameters.value(of: .date) ?? []
        guard let date = Timestamp(iso8601Basic: self.dateBytes) else {
            throw .malformedDate(PercentEncoding.decodedText(self.dateBytes))
        }
        self.date = date
        guard self.credential.day == self.dateBytes.prefix(8) else {
            throw .scopeDayMismatch(
                scope: String(decoding: self.credential.day, as: UTF8.self),
                date: String(decoding: self.dateBytes.prefix(8), as: UTF8.self))
        }
        self.lifetimeSeconds = try Self.parseLifetime(
            parameters.value(of: .expires) ?? [], maximum: policy.lifetimeSeconds)
        self.signedHeaders = SignedHeaderNames(parsing: parameters.value(of: .signedHeaders) ?? [])
        self.signature = SHA256Digest(lowerCaseHexadecimal: parameters.value(of: .signature) ?? [])
        parameters.remove(.signature)
        parameters.sort()
        self.parameters = parameters
    }

    private static let authorizationName = ArraySlice("authorization".utf8)
    private static let required: [(name: QueryParameters.Name, text: StaticString)] = [
        (.algorithm, "X-Amz-Algorithm"), (.credential, "X-Amz-Credential"), (.date, "X-Amz-Date"),
        (.expires, "X-Amz-Expires"), (.signedHeaders, "X-Amz-SignedHeaders"), (.signature, "X-Amz-Signature"),
    ]

    private static func checkMechanism(
        _ request: ReceivedRequest, _ parameters: QueryParameters
    ) throws(PresignedURLError) {
        let isVersion2 = parameters.contains(.version2AccessKey) || parameters.contains(.version2Signature)
        guard self.required.contains(where: { parameters.contains($0.name) }) else {
            throw isVersion2 ? .signatureVersion2 : .notPresigned
        }
        if request.contains("authorization"),
            request.values(of: self.authorizationName).contains(where: { $0.hasPrefix("AWS4-") })
        {
            throw .twoMechanisms
        }
        if isVersion2 || parameters.contains(.version2Expires) { throw .signatureVersion2 }
    }

    private static func checkPresence(_ parameters: QueryParameters) throws(PresignedURLError) {
        for (name, text) in self.required {
            guard parameters.count(of: name) < 2 else { throw .repeatedParameter(text.description) }
            guard parameters.hasValue(name) else { throw .missingParameter(text.description) }
        }
        if let name = parameters.repeatedSignatureName {
            throw .repeatedParameter(String(decoding: name, as: UTF8.self))
        }
    }

    private static func parseLifetime(
        _ encoded: ArraySlice<UInt8>, maximum: Int64
    ) throws(PresignedURLError) -> Int64 {
        // Digits are not percent-encoded.
        guard encoded.count <= 6, let seconds = DecimalDigits.value(of: encoded) else {
            throw .malformedExpires(PercentEncoding.decodedText(encoded))
        }
        guard seconds <= maximum else { throw .lifetimeTooLong(seconds: Int64(seconds), maximum: maximum) }
        return Int64(seconds)
    }
}
