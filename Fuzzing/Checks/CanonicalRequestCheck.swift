import CloakroomCrypto
import CloakroomDomain

/// A request's head: its canonical form, what its claim says, and that no key which did not sign it grants anything.
enum CanonicalRequestCheck {
    static func run(_ bytes: [UInt8]) throws(Violation) {
        guard let fixture = PresignedFixture.shared else { throw Violation("the fixture is not valid") }
        let request = PlainRequest(bytes)
        let canonical = try self.canonicalRequest(request)
        try self.checkStringToSign(canonical)
        try self.checkClaim(request, fixture)
        for declared in [nil, fixture.file.declaration] { try self.checkRefusal(request, fixture, declared) }
    }

    // MARK: What is signed

    /// Puts the canonical request together from all fields, and holds it against the rules.
    private static func canonicalRequest(_ request: PlainRequest) throws(Violation) -> CanonicalRequest {
        let received = request.received
        var parameters = QueryParameters(parsing: received.query)
        parameters.sort()
        let signedHeaders = Array(request.names.joined(separator: [UInt8(ascii: ";")]))
        let payloadHash = CanonicalRequest.unsignedPayload
        var made = CanonicalRequest(method: received.method, path: received.path, parameters: parameters)
        for name in request.names { made.append(name: name, values: received.values(of: name[...])) }
        made.end(signedHeaders: signedHeaders, payloadHash: payloadHash)

        var lines = [request.method, PlainEncoding.path(request.path), request.query.canonical]
        lines += request.names.map { $0 + [UInt8(ascii: ":")] + request.canonicalValue(of: $0) }
        lines += [[], signedHeaders, payloadHash]
        let expected = Array(lines.joined(separator: [UInt8(ascii: "\n")]))
        try Violation.unless(made.bytes == expected, "the canonical request is that of the rules", made.bytes.text)
        return made
    }

    private static func checkStringToSign(_ canonicalRequest: CanonicalRequest) throws(Violation) {
        let scope = CredentialScope(day: "20260320", region: "local", service: "s3")
        let made = StringToSign(
            timestamp: "20260320T113000Z".utf8, scope: scope.description.utf8, digest: canonicalRequest.digest)
        let digest = SHA256.hash(canonicalRequest.bytes).hexadecimal
        let expected = "AWS4-HMAC-SHA256\n20260320T113000Z\n20260320/local/s3/aws4_request\n\(digest)"
        try Violation.unless(made.bytes.text == expected, "the string to sign has four lines", made.bytes.text)
    }

    // MARK: What is claimed

    /// A claim that parses has each of its six parts once, in the form that the rules give it.
    private static func checkClaim(_ request: PlainRequest, _ fixture: PresignedFixture) throws(Violation) {
        guard (try? PresignedClaim(parsing: request.received, policy: fixture.policy)) != nil else { return }
        let items = request.query.items
        func value(_ name: String) throws(Violation) -> String {
            let values = items.filter { $0.name == Array(name.utf8) }.map(\.value.text)
            try Violation.unless(values.count == 1, "a claim has each part once", name)
            return values[0]
        }
        let (date, expires) = (try value("X-Amz-Date"), try value("X-Amz-Expires"))
        try Violation.unless(try value("X-Amz-Algorithm") == "AWS4-HMAC-SHA256", "a claim names the algorithm")
        try Violation.unless(!(try value("X-Amz-SignedHeaders")).isEmpty, "a claim names headers")
        try Violation.unless(!(try value("X-Amz-Signature")).isEmpty, "a claim has a signature")
        let day = String(date.prefix(8))
        let time = String(date.dropFirst(9).dropLast())
        try Violation.unless(
            date == "\(day)T\(time)Z" && self.isDigits(day) && self.isDigits(time) && date.utf8.count == 16,
            "a claim has a date", date)
        try Violation.unless(
            self.isDigits(expires) && expires.utf8.count <= 6 && (Int(expires).map { $0 <= 3_600 } ?? false),
            "a claim's lifetime is at most the policy's", expires)
        let credential = try value("X-Amz-Credential").split(separator: "/", omittingEmptySubsequences: false)
        try Violation.unless(
            credential.first?.isEmpty == false
                && Array(credential.dropFirst()) == [Substring(day), "local", "s3", "aws4_request"],
            "a claim's credential is an id and the policy's scope", "\(credential)")
    }

    private static func isDigits(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
    }

    // MARK: What is granted

    /// Nothing is granted, and the refusal does not depend on how the query is spelled.
    private static func checkRefusal(
        _ request: PlainRequest, _ fixture: PresignedFixture, _ declared: UploadDeclaration?
    ) throws(Violation) {
        guard case .failure(let error) = fixture.verify(request, keyRing: fixture.strangers, declared: declared) else {
            throw Violation("a request is granted that no key of the ring signed")
        }
        var respelled = request
        respelled.target = request.path + [UInt8(ascii: "?")] + request.query.canonical
        guard case .failure(let again) = fixture.verify(respelled, keyRing: fixture.strangers, declared: declared)
        else { throw Violation("a request is granted that no key of the ring signed, spelled canonically") }
        try Violation.unless(
            error == again, "a query is refused for the same in any spelling", "\(error), \(again)")
    }
}
