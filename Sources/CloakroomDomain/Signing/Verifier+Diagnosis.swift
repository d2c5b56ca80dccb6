import CloakroomCrypto

/// Why a signature does not match, for the error message.
extension Verifier {
    func diagnoseMismatch(
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
    static func signedMethod(_ request: ReceivedRequest) -> ArraySlice<UInt8> {
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
    static func isSigned(
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

    static let unsignedPayload = ArraySlice(CanonicalRequest.unsignedPayload)
}
