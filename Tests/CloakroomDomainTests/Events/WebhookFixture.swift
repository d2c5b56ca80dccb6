import CloakroomDomain
import Testing

/// What the PyPI library `standardwebhooks` 1.1.0, one of the reference libraries, signs.
///
///     from standardwebhooks.webhooks import Webhook
///     Webhook(secret).sign(id, datetime.datetime.fromtimestamp(seconds, tz=datetime.timezone.utc), body)
///
/// The secrets are `"whsec_" + base64.b64encode(bytes(i * 37 + 11 & 255 for i in range(count))).decode()`.
enum WebhookFixture {
    static let id = "evt_000102030405060708090a0b0c0d0e0f"
    /// 2026-12-03T12:00:00Z, by `date -u -d @1796299200`.
    static let seconds: Int64 = 1_796_299_200
    static let body = #"""
        {"type":"file.ready","timestamp":"2026-11-29T12:00:00Z",\#
        "data":{"event_id":"evt_000102030405060708090a0b0c0d0e0f"}}
        """#

    static let secret24 = "whsec_CzBVep/E6Q4zWH2ix+wRNluApcrvFDle"
    static let secret32 = "whsec_CzBVep/E6Q4zWH2ix+wRNluApcrvFDleg6jN8hc8YYY="
    static let secret33 = "whsec_CzBVep/E6Q4zWH2ix+wRNluApcrvFDleg6jN8hc8YYar"
    static let secret64 = """
        whsec_CzBVep/E6Q4zWH2ix+wRNluApcrvFDleg6jN8hc8YYar0PUaP2SJrtP4HUJnjLHW+yBFao+02f4jSG2St9wBJg==
        """

    static let signature24 = "v1,GTaKFqnqGdordExF1g9w+SyIP3xUs9UuFZHycfBQmLY="
    static let signature32 = "v1,g1cfWR7v+jMUxpXg8VotnwnGBbPd41/mPXGSD76dj1U="

    struct Vector: Sendable, CustomTestStringConvertible {
        let name: String
        let secret: String
        var id = WebhookFixture.id
        var seconds = WebhookFixture.seconds
        var body = WebhookFixture.body
        let signature: String

        var testDescription: String { self.name }
    }

    static let vectors = [
        Vector(name: "24 bytes", secret: Self.secret24, signature: Self.signature24),
        Vector(name: "32 bytes", secret: Self.secret32, signature: Self.signature32),
        Vector(
            name: "33 bytes", secret: Self.secret33, signature: "v1,v7IeXsQPtHgE9RqVOjFAVdbxz4OEB9i+n+mopBYb+Ss="),
        Vector(
            name: "64 bytes", secret: Self.secret64, signature: "v1,/rttU+pXnW3lhEBGaIz/mtYPcQ+EIE4k0Xz4hVe1lCs="),
        Vector(
            name: "no body", secret: Self.secret32, body: "",
            signature: "v1,GDpcRtOv8Dm2e3HEJ1Ocy2uV7MMM+xF8bosqphPQhe4="),
        Vector(
            name: "all planes of Unicode, and a line feed", secret: Self.secret32, id: "msg_1", seconds: 0,
            body: "{\"name\":\"Größe 写真 🦊\"}\n", signature: "v1,XYPpxyXV+DJGbjKAe+jL58aPRW/J+eKIOhVWT77GBmY="),
        // From the tests of the standard's libraries, libraries/rust/src/lib.rs.
        Vector(
            name: "the standard's", secret: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
            id: "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", seconds: 1_649_367_553,
            body: #"{"email":"test@example.com","username":"test_user"}"#,
            signature: "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw="),
    ]
}
