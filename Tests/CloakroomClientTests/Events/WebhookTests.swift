import CloakroomClient
import CloakroomDomain
import NIOHTTP1
import Testing

/// Deliveries that were signed by the PyPI library `standardwebhooks` 1.1.0, with the secrets of `WebhookFixture`.
///
///     Webhook(secret).sign("evt_000102030405060708090a0b0c0d0e0f", time, body)
struct WebhookTests {
    private static let secret = "whsec_CzBVep/E6Q4zWH2ix+wRNluApcrvFDleg6jN8hc8YYY="
    private static let otherSecret = "whsec_CzBVep/E6Q4zWH2ix+wRNluApcrvFDle"
    private static let ready = "v1,+s66QCQgvyXUWBT5lJayz0uI/51QOuudPLGE7cuud20="
    private static let readyByOther = "v1,H67uU2eXBwkn9n1Cf87LoPSFCFinDfG561lAeDR7K20="
    private static let test = "v1,ROQv0e/2YYvwIumiWHQbL+QojNxRwVqn/wtPTsJmaQw="
    private static let nothing = "v1,RWRCy2ush1YzGSkkskDoEroUkEXzJwVVeUgdEjLuTc8="
    private static let now = Timestamp(secondsSinceEpoch: 1_796_299_200)

    private static func headers(_ signature: String) -> [(name: String, value: String)] {
        [
            ("Webhook-Id", EventFixture.id), ("Webhook-Timestamp", "1796299200"),
            ("Webhook-Signature", signature),
        ]
    }

    @Test func deliveryGivesItsEvent() throws {
        let secret = try #require(WebhookSecret(Self.secret))
        let body = Array(EventFixture.ready.utf8)
        let event = try Webhook.verify(
            headers: Self.headers(Self.ready), body: body, secret: secret, now: Self.now)
        #expect((event.type, event.id, event.organizationID?.description) == (.ready, EventFixture.id, "acme"))
        #expect(event.file?.id.description == EventFixture.fileID)
        let nio = HTTPHeaders(Self.headers(Self.ready))
        #expect(try Webhook.verify(headers: nio, body: body, secret: secret, now: Self.now) == event)
        #expect(throws: Webhook.Failure.signature(.tooNew)) {
            try Webhook.verify(
                headers: Self.headers(Self.ready), body: body, secret: secret,
                now: Self.now.advanced(bySeconds: -301))
        }
    }

    @Test func eitherSecretOfARotationIsEnough() throws {
        let (old, new) = (try #require(WebhookSecret(Self.otherSecret)), try #require(WebhookSecret(Self.secret)))
        let body = Array(EventFixture.ready.utf8)
        for signature in [Self.ready, Self.readyByOther, "\(Self.readyByOther) \(Self.ready)"] {
            let event = try Webhook.verify(
                headers: Self.headers(signature), body: body, secrets: [new, old], now: Self.now)
            #expect(event.type == .ready)
        }
        #expect(throws: Webhook.Failure.signature(.noMatchingSignature)) {
            try Webhook.verify(headers: Self.headers(Self.readyByOther), body: body, secret: new, now: Self.now)
        }
    }

    @Test func testEventHasNoFile() throws {
        let body = #"{"type":"webhook.test","timestamp":"2026-11-29T12:00:00Z","data":{"event_id":"evt_1"}}"#
        let secret = try #require(WebhookSecret(Self.secret))
        let event = try Webhook.verify(
            headers: Self.headers(Self.test), body: Array(body.utf8), secret: secret, now: Self.now)
        #expect((event.type.rawValue, event.id, event.file) == ("webhook.test", "evt_1", nil))
    }

    @Test func bodyThatIsNoEventIsToldApart() throws {
        let secret = try #require(WebhookSecret(Self.secret))
        let error = #expect(throws: Webhook.Failure.self) {
            try Webhook.verify(
                headers: Self.headers(Self.nothing), body: Array("{}".utf8), secret: secret, now: Self.now)
        }
        guard case .body = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(throws: Webhook.Failure.signature(.missing(.id))) {
            try Webhook.verify(
                headers: Self.headers("").dropFirst(), body: Array("{}".utf8), secret: secret, now: Self.now)
        }
    }
}
