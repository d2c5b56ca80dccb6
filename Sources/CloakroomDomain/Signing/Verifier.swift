import CloakroomCrypto

/// Decides whether a presigned request is what a live signing key signed, as a pure function of its arguments.
public struct Verifier: Sendable {
    /// What URLs are held to.
    public let policy: SigningPolicy

    /// Creates a verifier.
    public init(policy: SigningPolicy) {
        self.policy = policy
    }

    /// Verifies a request.
    ///
    /// Expiry is judged by `now`, when the head arrived; the transfer that follows may end later.
    ///
    /// - Parameters:
    ///   - request: The head as received.
    ///   - keyRing: The live signing keys.
    ///   - now: The server's clock.
    ///   - declared: For an upload whose signature did not match as received: what its client declared. Its media type
    ///     and length are tried in the place of those that arrived, so that an equivalent type and a chunked body
    ///     verify, and a mismatch is named.
    /// - Returns: The grant.
    /// - Throws: ``PresignedURLError`` of the first check that fails.
    public func verify(
        _ request: ReceivedRequest, keyRing: KeyRing, now: Timestamp, declared: UploadDeclaration? = nil
    ) throws(PresignedURLError) -> Grant {
        let claim = try PresignedClaim(parsing: request, policy: self.policy)
        try Self.checkTime(claim, now: now)
        let key = keyRing.derivedKey(for: claim.credential) {
            self.policy.scope(day: String(decoding: claim.credential.day, as: UTF8.self))
        }
        // An unknown key is rejected after the HMAC: the response takes as long as for a known one.
        let matches = self.matches(request, claim, key, declared: declared)
        guard key != nil else { throw .unknownAccessKey(claim.credential.accessKeyID) }
        if claim.parameters.contains(.securityToken) { throw .securityToken }
        try Self.checkSignedHeaders(claim, request)
        try matches.get()
        try Self.checkPayload(request)
        try Self.checkParameters(claim)
        return try self.grant(claim, request)
    }

    /// Returns the id of the key that a verified request says it was signed with.
    ///
    /// - Parameter request: The head as received; one that has not been verified says what its client likes.
    /// - Returns: The id; `nil` where the request is not presigned.
    public func accessKeyID(of request: ReceivedRequest) -> String? {
        try? PresignedClaim(parsing: request, policy: self.policy).credential.accessKeyID
    }

    private static func checkTime(_ claim: PresignedClaim, now: Timestamp) throws(PresignedURLError) {
        guard now <= claim.expiresAt, claim.lifetimeSeconds > 0 else {
            throw .expired(lifetimeSeconds: claim.lifetimeSeconds, at: claim.expiresAt, now: now)
        }
        guard claim.date <= now.advanced(bySeconds: SigningPolicy.clockSkewSeconds) else {
            throw .notYetValid(from: claim.date, now: now)
        }
    }

    private static func checkPayload(_ request: ReceivedRequest) throws(PresignedURLError) {
        let payload = request.firstValue(of: "x-amz-content-sha256")
        let encoding = request.joinedText(of: "content-encoding")?.lowercased()
        if payload?.hasPrefix("STREAMING-") == true || encoding?.contains("aws-chunked") == true {
            throw .streamingPayload
        }
    }

    private static func checkParameters(_ claim: PresignedClaim) throws(PresignedURLError) {
        if let name = claim.parameters.firstUnsupportedName {
            throw .unsupportedParameter(String(decoding: name, as: UTF8.self))
        }
        for (name, value) in claim.parameters.parameters(of: .contentSHA256)
        where !value.elementsEqual(CanonicalRequest.unsignedPayload) {
            throw .unsupportedParameter(String(decoding: name, as: UTF8.self))
        }
    }

    // MARK: Signed headers

    private static func checkSignedHeaders(
        _ claim: PresignedClaim, _ request: ReceivedRequest
    ) throws(PresignedURLError) {
        let listed = claim.signedHeaders
        if let name = listed.firstMisplaced {
            throw .headersNotSigned([name.isEmpty ? "(empty)" : String(decoding: name, as: UTF8.self)])
        }
        var missing: [String] = []
        if !listed.contains("host") { missing.append("host") }
        for field in request.fields {
            let name = request.name(of: field)
            guard name.hasPrefix("x-amz-"), !listed.contains(name),
                !Self.mayBeUnsigned(name, value: request.value(of: field))
            else { continue }
            missing.append(String(decoding: name, as: UTF8.self))
        }
        guard missing.isEmpty else { throw .headersNotSigned(missing) }
    }

    private static func mayBeUnsigned(_ name: ArraySlice<UInt8>, value: ArraySlice<UInt8>) -> Bool {
        name.hasPrefix("x-amz-checksum-") || name.isEqual(to: "x-amz-sdk-checksum-algorithm")
            // CloudFront adds these to what it passes on.
            || name.hasPrefix("x-amz-cf-")
            || (name.isEqual(to: "x-amz-content-sha256") && value.elementsEqual(CanonicalRequest.unsignedPayload))
    }

    // MARK: Signature

    /// One reading of the request: as received, or with a part exchanged.
    struct Reading {
        var method: ArraySlice<UInt8>
        var host: [UInt8]
        var contentType: String?
        var contentLength: String?
    }

    private func matches(
        _ request: ReceivedRequest, _ claim: PresignedClaim, _ key: KeyRing.DerivedKey?, declared: UploadDeclaration?
    ) -> Result<Void, PresignedURLError> {
        // A list that is not in canonical form is rejected by its own rule, before any work in proportion to it.
        guard let signature = claim.signature, claim.signedHeaders.isCanonical else {
            return .failure(.signatureMismatch(nil))
        }
        for url in self.policy.baseURLs {
            let host = url.hostBytes
            let reading = Reading(method: Self.signedMethod(request), host: host)
            if Self.isSigned(request, claim, key, reading, signature) { return .success(()) }
            guard request.method.isEqual(to: "HEAD") else { continue }
            let asReceived = Reading(method: request.method, host: host)
            if Self.isSigned(request, claim, key, asReceived, signature) { return .success(()) }
        }
        return self.diagnoseMismatch(request, declared) { Self.isSigned(request, claim, key, $0, signature) }
    }

    static func payloadHash(_ request: ReceivedRequest, _ claim: PresignedClaim) -> ArraySlice<UInt8> {
        guard claim.signedHeaders.contains("x-amz-content-sha256"),
            let value = request.firstValue(of: "x-amz-content-sha256")
        else {
            return self.unsignedPayload
        }
        return value
    }

    // MARK: Grant

    private func grant(_ claim: PresignedClaim, _ request: ReceivedRequest) throws(PresignedURLError) -> Grant {
        let isUpload = request.path.hasPrefix("/uploads/")
        guard isUpload || request.path.hasPrefix("/files/"),
            let fileID = FileID(text: request.path.dropFirst(isUpload ? "/uploads/".count : "/files/".count))
        else { throw .noSuchKey }
        let isRead = request.method.isEqual(to: "GET") || request.method.isEqual(to: "HEAD")
        if isUpload {
            guard request.method.isEqual(to: "PUT") else { throw .methodNotAllowed(allowed: ["PUT", "OPTIONS"]) }
            return .upload(
                UploadGrant(
                    fileID: fileID, signedPayload: try Self.signedPayload(request),
                    signedChecksums: try SignedChecksum.read(claim.parameters), issuedAt: claim.date))
        }
        guard isRead else { throw .methodNotAllowed(allowed: ["GET", "HEAD", "OPTIONS"]) }
        return .download(
            DownloadGrant(
                fileID: fileID,
                contentType: try Self.responseHeader(.responseContentType, "response-content-type", claim),
                contentDisposition: try Self.responseHeader(
                    .responseContentDisposition, "response-content-disposition", claim),
                cacheControl: try Self.responseHeader(.responseCacheControl, "response-cache-control", claim),
                contentLanguage: try Self.responseHeader(
                    .responseContentLanguage, "response-content-language", claim),
                expires: try Self.responseHeader(.responseExpires, "response-expires", claim),
                expiresAt: claim.expiresAt, issuedAt: claim.date))
    }

    private static func signedPayload(_ request: ReceivedRequest) throws(PresignedURLError) -> SHA256Digest? {
        guard let value = request.firstValue(of: "x-amz-content-sha256"),
            !value.elementsEqual(CanonicalRequest.unsignedPayload)
        else { return nil }
        guard let digest = SHA256Digest(hexadecimal: String(decoding: value, as: UTF8.self)) else {
            throw .unsupportedParameter("x-amz-content-sha256")
        }
        return digest
    }

    private static func responseHeader(
        _ name: QueryParameters.Name, _ text: StaticString, _ claim: PresignedClaim
    ) throws(PresignedURLError) -> String? {
        guard let value = claim.parameters.value(of: name) else { return nil }
        // What is encoded may decode to a control character; the text itself holds none.
        guard !value.contains(UInt8(ascii: "%")) else {
            let decoded = PercentEncoding.decodeCanonical(value)
            guard decoded.allSatisfy(HTTPCharacter.isFieldValue) else {
                throw .malformedResponseHeader(text.description)
            }
            return String(decoding: decoded, as: UTF8.self)
        }
        return String(decoding: value, as: UTF8.self)
    }
}
