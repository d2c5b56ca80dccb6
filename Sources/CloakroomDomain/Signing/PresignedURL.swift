import CloakroomCrypto

/// A URL that grants one method on one file for a time to whoever holds it: as secret as a password for that long.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>
public struct PresignedURL: Sendable {
    /// The URL, percent-encoded.
    public let url: Secret<String>
    /// The last second in which it works.
    public let expiresAt: Timestamp

    /// The most characters of a GET URL that carries the disposition.
    ///
    /// Mail programs and models break longer ones; a name of 120 CJK characters makes a URL of 2,390.
    static let maximumLength = 1_500

    /// Presigns URLs under one policy and key.
    public struct Presigner: Sendable {
        private let policy: SigningPolicy
        private let keyRing: KeyRing

        /// Creates a minter; the ring's first key signs.
        public init(policy: SigningPolicy, keyRing: KeyRing) {
            self.policy = policy
            self.keyRing = keyRing
        }

        /// Presigns a PUT URL that signs `content-length`, `content-type` and `host`, as the file is declared; it ends
        /// with the file at the latest.
        public func upload(_ record: FileRecord, now: Timestamp) -> PresignedURL {
            let headers = [
                ("content-length", record.declaration.size.description),
                ("content-type", record.declaration.mediaType.text),
            ]
            return self.presign(
                method: "PUT", path: "/uploads/\(record.id)", headers: headers, response: [], record, now: now)
        }

        /// Presigns a GET URL that carries the media type and disposition to respond with.
        ///
        /// Where the URL would be longer than 1,500 characters it carries no disposition: the file's row has the name.
        /// It ends with the file at the latest.
        ///
        /// - Parameters:
        ///   - record: The file to read.
        ///   - now: Our clock.
        /// - Returns: The URL and its end.
        public func download(_ record: FileRecord, now: Timestamp) -> PresignedURL {
            let disposition = ContentDisposition(filename: record.declaration.filename)
            let response = [
                ("response-content-disposition", disposition.fieldValue),
                ("response-content-type", record.declaration.mediaType.text),
            ]
            let url = self.presign(
                method: "GET", path: "/files/\(record.id)", headers: [], response: response, record, now: now)
            guard url.url.reveal().utf8.count > PresignedURL.maximumLength else { return url }
            return self.presign(
                method: "GET", path: "/files/\(record.id)", headers: [], response: Array(response.dropFirst()), record,
                now: now)
        }

        private func presign(
            method: String, path: String, headers: [(name: String, value: String)],
            response: [(name: String, value: String)], _ record: FileRecord, now: Timestamp
        ) -> PresignedURL {
            let date = record.urlDate(now)
            let lifetimeSeconds = record.urlLifetimeSeconds(atMost: self.policy.lifetimeSeconds, from: date)
            let dateText = date.iso8601Basic
            let scope = self.policy.scope(day: String(dateText.prefix(8)))
            let key = self.keyRing.signing
            let names = (headers.map(\.name) + ["host"]).joined(separator: ";")
            var parameters = QueryParameters()
            parameters.append(name: "X-Amz-Algorithm", value: StringToSign.algorithm)
            parameters.append(name: "X-Amz-Credential", value: "\(key.accessKeyID)/\(scope)")
            parameters.append(name: "X-Amz-Date", value: dateText)
            parameters.append(name: "X-Amz-Expires", value: String(lifetimeSeconds))
            parameters.append(name: "X-Amz-SignedHeaders", value: names)
            for parameter in response { parameters.append(name: parameter.name, value: parameter.value) }
            parameters.sort()
            var canonicalRequest = CanonicalRequest(
                method: method.utf8, path: ArraySlice(path.utf8), parameters: parameters)
            for header in headers {
                canonicalRequest.append(name: header.name.utf8, values: [ArraySlice(header.value.utf8)])
            }
            canonicalRequest.append(name: "host".utf8, canonicalValue: self.policy.baseURLs[0].hostBytes)
            canonicalRequest.end(signedHeaders: names.utf8, payloadHash: CanonicalRequest.unsignedPayload)
            let stringToSign = StringToSign(
                timestamp: dateText.utf8, scope: scope.description.utf8, digest: canonicalRequest.digest)
            // The ring holds its own signing key, so the derivation cannot fail; were it to, the URL would not verify.
            let derived = self.keyRing.derivedKey(accessKeyID: key.accessKeyID, scope: scope) ?? key.derived(for: scope)
            let signature = derived.authenticationCode(for: stringToSign.bytes).hexadecimal
            var url = Array("\(self.policy.baseURLs[0])\(path)?".utf8)
            parameters.appendQuery(to: &url)
            url.append(contentsOf: "&X-Amz-Signature=\(signature)".utf8)
            return PresignedURL(
                url: Secret(String(decoding: url, as: UTF8.self)),
                expiresAt: date.advanced(bySeconds: lifetimeSeconds))
        }
    }
}
