import CloakroomCrypto

/// Decides whether a presigned request is what a live signing key signed, as a pure function of its arguments.
public struct Verifier: Sendable {
    /// What URLs are held to.
    public let policy: SigningPolicy

    /// Creates a verifier.
    ///
    /// - Parameter policy: What URLs are held to.
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
    private struct Reading {
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

    private func diagnoseMismatch(
        _ request: ReceivedRequest, _ declared: UploadDeclaration?, _ isSigned: (Reading) -> Bool
    ) -> Result<Void, PresignedURLError> {
        if let declared, request.method.isEqual(to: "PUT") {
            for url in self.policy.baseURLs {
                if let result = self.diagnoseBody(request, declared, host: url.hostBytes, isSigned) { return result }
            }
        }
        return .failure(.signatureMismatch(self.diagnose(request, isSigned)))
    }

    private static let get = ArraySlice("GET".utf8)

    /// A GET's URL also serves HEAD.
    private static func signedMethod(_ request: ReceivedRequest) -> ArraySlice<UInt8> {
        request.method.isEqual(to: "HEAD") ? self.get : request.method
    }

    /// Tries the declared media type and length in the place of those that arrived.
    private func diagnoseBody(
        _ request: ReceivedRequest, _ declared: UploadDeclaration, host: [UInt8], _ isSigned: (Reading) -> Bool
    ) -> Result<Void, PresignedURLError>? {
        let type = declared.mediaType.text
        let length = declared.size.description
        let readings: [(type: String?, length: String?)] = [(type, nil), (nil, length), (type, length)]
        for reading in readings {
            let candidate = Reading(
                method: request.method, host: host, contentType: reading.type, contentLength: reading.length)
            guard isSigned(candidate) else { continue }
            let receivedType = request.firstText(of: "content-type")
            if reading.type != nil, receivedType.flatMap({ MediaType($0) }).map(declared.mediaType.accepts) != true {
                return .failure(.contentTypeMismatch(expected: declared.mediaType, received: receivedType))
            }
            if reading.length != nil, let received = request.firstValue(of: "content-length") {
                let count = DecimalDigits.value(of: received).map(Int64.init)
                // Leading zeros change nothing (RFC 9110 §8.6).
                if count == declared.size.bytes { return .success(()) }
                if let count, count > self.policy.maximumSize.bytes {
                    return .failure(.contentTooLarge(maximum: self.policy.maximumSize, received: count))
                }
                return .failure(.contentLengthMismatch(expected: declared.size, received: count))
            }
            return .success(())
        }
        return nil
    }

    /// Tries other methods, and the host that arrived, in the place of those that count.
    private func diagnose(
        _ request: ReceivedRequest, _ isSigned: (Reading) -> Bool
    ) -> PresignedURLError.Mismatch? {
        let received = String(decoding: request.method, as: UTF8.self)
        let hosts = self.policy.baseURLs.map(\.hostBytes)
        for method in ["GET", "HEAD", "PUT"] where method != received {
            for host in hosts where isSigned(Reading(method: ArraySlice(method.utf8), host: host)) {
                return .init(element: .method, expected: method, received: received)
            }
        }
        if let host = request.firstText(of: "host")?.lowercased(), !hosts.contains(Array(host.utf8)) {
            let reading = Reading(method: Self.signedMethod(request), host: Array(host.utf8))
            if isSigned(reading) {
                return .init(element: .host, expected: self.policy.baseURLs[0].host, received: host)
            }
        }
        return nil
    }

    /// Whether a reading has the signature; in no case where a listed header did not arrive, or the key is unknown.
    private static func isSigned(
        _ request: ReceivedRequest, _ claim: PresignedClaim, _ key: KeyRing.DerivedKey?, _ reading: Reading,
        _ signature: SHA256Digest
    ) -> Bool {
        var canonicalRequest = CanonicalRequest(
            method: reading.method, path: request.path, parameters: claim.parameters)
        for index in 0..<claim.signedHeaders.count {
            let name = claim.signedHeaders[index]
            if name.isEqual(to: "host") {
                canonicalRequest.append(name: name, canonicalValue: reading.host)
            } else if let type = reading.contentType, name.isEqual(to: "content-type") {
                canonicalRequest.append(name: name, values: [ArraySlice(type.utf8)])
            } else if let length = reading.contentLength, name.isEqual(to: "content-length") {
                canonicalRequest.append(name: name, canonicalValue: length.utf8)
            } else {
                let values = request.values(of: name)
                guard !values.isEmpty else { return false }
                canonicalRequest.append(name: name, values: values)
            }
        }
        canonicalRequest.end(
            signedHeaders: claim.signedHeaders.list, payloadHash: Self.payloadHash(request, claim))
        let stringToSign = StringToSign(
            timestamp: claim.dateBytes, scope: key?.scope ?? [], digest: canonicalRequest.digest)
        let computed = (key?.key ?? self.noKey).authenticationCode(for: stringToSign.bytes)
        return computed.isEqualInConstantTime(to: signature) && key != nil
    }

    private static let noKey = HMACSHA256(key: [0])

    private static let unsignedPayload = ArraySlice(CanonicalRequest.unsignedPayload)

    private static func payloadHash(_ request: ReceivedRequest, _ claim: PresignedClaim) -> ArraySlice<UInt8> {
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
