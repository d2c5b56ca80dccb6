import CloakroomDomain
import Testing

/// Deliveries as the reference library signs and judges them.
struct WebhookSignatureTests {
    @Test(arguments: WebhookFixture.vectors)
    func signatureIsThatOfTheReferenceLibrary(vector: WebhookFixture.Vector) throws {
        let secret = try #require(WebhookSecret(vector.secret))
        let timestamp = Timestamp(secondsSinceEpoch: vector.seconds)
        let body = Array(vector.body.utf8)
        let signature = WebhookSignature.sign(id: vector.id, timestamp: timestamp, body: body, secrets: [secret])
        #expect(signature == vector.signature)
        let headers = try WebhookHeaders(id: vector.id, timestamp: "\(vector.seconds)", signature: vector.signature)
        #expect((headers.id, headers.timestamp) == (vector.id, timestamp))
        try WebhookSignature.verify(headers, body: body, secrets: [secret], now: timestamp)
    }

    @Test func eachSecretOfARotationSigns() throws {
        let secrets = [WebhookFixture.secret32, WebhookFixture.secret24].compactMap { WebhookSecret($0) }
        let signature = WebhookSignature.sign(
            id: WebhookFixture.id, timestamp: Timestamp(secondsSinceEpoch: WebhookFixture.seconds),
            body: Array(WebhookFixture.body.utf8), secrets: secrets)
        #expect(signature == "\(WebhookFixture.signature32) \(WebhookFixture.signature24)")
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        var id: String? = WebhookFixture.id
        var timestamp: String? = "\(WebhookFixture.seconds)"
        var signature: String? = WebhookFixture.signature32
        var body = WebhookFixture.body
        var secrets = [WebhookFixture.secret32]
        /// How long after the attempt the delivery arrives, in seconds.
        var delay: Int64 = 0
        var failure: WebhookSignatureError?

        var testDescription: String { self.name }
    }

    private static let ed25519 = """
        v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==
        """

    /// The reference library accepts and rejects the same, with `datetime.now` replaced; what we reject and it does not
    /// is in ``strictCases``.
    private static let cases = [
        Case(name: "untouched"),
        Case(name: "after 300 s", delay: 300),
        Case(name: "after 301 s", delay: 301, failure: .tooOld),
        Case(name: "300 s early", delay: -300),
        Case(name: "301 s early", delay: -301, failure: .tooNew),
        Case(name: "two signatures", signature: "\(WebhookFixture.signature24) \(WebhookFixture.signature32)"),
        Case(name: "another version first", signature: "\(Self.ed25519) \(WebhookFixture.signature32)"),
        Case(
            name: "only another version", signature: "v2,g1cfWR7v+jMUxpXg8VotnwnGBbPd41/mPXGSD76dj1U=",
            failure: .noMatchingSignature),
        Case(name: "another id", id: "evt_1", failure: .noMatchingSignature),
        Case(name: "another time", timestamp: "\(WebhookFixture.seconds + 1)", failure: .noMatchingSignature),
        Case(name: "another body", body: WebhookFixture.body + " ", failure: .noMatchingSignature),
        Case(name: "another secret", secrets: [WebhookFixture.secret24], failure: .noMatchingSignature),
        Case(name: "the second secret", secrets: [WebhookFixture.secret24, WebhookFixture.secret32]),
        Case(name: "no secret", secrets: [], failure: .noMatchingSignature),
        Case(name: "no id", id: nil, failure: .missing(.id)),
        Case(name: "an empty id", id: "", failure: .missing(.id)),
        Case(name: "no time", timestamp: nil, failure: .missing(.timestamp)),
        Case(name: "no signature", signature: nil, failure: .missing(.signature)),
        Case(name: "a time in words", timestamp: "soon", failure: .malformed(.timestamp)),
        Case(name: "a short signature", signature: "v1,g1cf", failure: .malformed(.signature)),
        Case(name: "no Base64", signature: "v1,!", failure: .malformed(.signature)),
        Case(name: "no version", signature: "g1cf", failure: .malformed(.signature)),
    ]

    /// A full stop in an id could move what is signed into the body; a time has one spelling.
    private static let strictCases = [
        Case(name: "a full stop", id: "evt.1", failure: .malformed(.id)),
        Case(name: "a space", id: "evt 1", failure: .malformed(.id)),
        Case(name: "a letter beyond ASCII", id: "é", failure: .malformed(.id)),
        Case(name: "a fraction", timestamp: "\(WebhookFixture.seconds).0", failure: .malformed(.timestamp)),
        Case(name: "a leading zero", timestamp: "0\(WebhookFixture.seconds)", failure: .malformed(.timestamp)),
        Case(name: "a sign", timestamp: "-1", failure: .malformed(.timestamp)),
        Case(name: "2^63", timestamp: "9223372036854775808", failure: .malformed(.timestamp)),
        Case(name: "2^63 - 1", timestamp: "9223372036854775807", failure: .tooNew),
    ]

    @Test(arguments: cases + strictCases)
    func deliveryIsVerified(example: Case) throws {
        let now = Timestamp(secondsSinceEpoch: WebhookFixture.seconds + example.delay)
        let outcome = Result { () throws(WebhookSignatureError) in
            let headers = try WebhookHeaders(
                id: example.id, timestamp: example.timestamp, signature: example.signature)
            try WebhookSignature.verify(
                headers, body: Array(example.body.utf8), secrets: example.secrets.compactMap { WebhookSecret($0) },
                now: now)
        }
        switch outcome {
        case .success: #expect(example.failure == nil)
        case .failure(let error): #expect(error == example.failure)
        }
    }

    @Test func toleranceIsAParameter() throws {
        let headers = try WebhookHeaders(
            id: WebhookFixture.id, timestamp: "\(WebhookFixture.seconds)", signature: WebhookFixture.signature32)
        let secret = try #require(WebhookSecret(WebhookFixture.secret32))
        let now = Timestamp(secondsSinceEpoch: WebhookFixture.seconds + 11)
        #expect(throws: WebhookSignatureError.tooOld) {
            try WebhookSignature.verify(
                headers, body: Array(WebhookFixture.body.utf8), secrets: [secret], now: now, tolerance: .seconds(10))
        }
    }

    @Test func fieldsAreFoundWhateverTheirCase() throws {
        let fields = [
            (name: "Host", value: "h"), (name: "WEBHOOK-ID", value: "evt_1"), (name: "Webhook-Timestamp", value: "7"),
            (name: "webhook-signature", value: WebhookFixture.signature32),
        ]
        let headers = try WebhookHeaders(fields)
        #expect((headers.id, headers.timestamp.secondsSinceEpoch) == ("evt_1", 7))
        #expect(throws: WebhookSignatureError.malformed(.id)) {
            try WebhookHeaders(fields + [(name: "webhook-id", value: "evt_2")])
        }
        #expect(throws: WebhookSignatureError.missing(.signature)) { try WebhookHeaders(fields.dropLast()) }
    }
}
