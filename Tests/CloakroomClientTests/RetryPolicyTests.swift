import Testing

@testable import CloakroomClient

/// When a call is tried again.
struct RetryPolicyTests {
    private static let policy = RetryPolicy()

    private static func service(_ status: Int, retryAfter: Duration? = nil) -> CloakroomError {
        .service(ServiceError(code: "X", status: status, message: "", retryAfter: retryAfter))
    }

    @Test(arguments: [429, 500, 502, 503, 507])
    func refusalsForNowAreRetried(status: Int) {
        #expect(Self.policy.delay(after: Self.service(status), attempt: 1, .isHarmless) != nil)
    }

    @Test(arguments: [400, 401, 403, 404, 409, 412, 413, 416, 422, 301])
    func refusalsForGoodAreNot(status: Int) {
        #expect(Self.policy.delay(after: Self.service(status), attempt: 1, .isHarmless) == nil)
    }

    @Test func whatActsTwiceIsRetriedOnlyWhereNothingWasDone() {
        #expect(Self.policy.delay(after: Self.service(429), attempt: 1, .actsTwice) != nil)
        #expect(Self.policy.delay(after: Self.service(503), attempt: 1, .actsTwice) == nil)
        #expect(Self.policy.delay(after: .connection("reset"), attempt: 1, .actsTwice) == nil)
        #expect(Self.policy.delay(after: .connection("reset"), attempt: 1, .isHarmless) != nil)
    }

    @Test(arguments: [CloakroomError.cancelled, .damaged(""), .invalidResponse(""), .file(path: "", reason: "")])
    func failuresOfOurOwnAreNotRetried(error: CloakroomError) {
        #expect(Self.policy.delay(after: error, attempt: 1, .isHarmless) == nil)
    }

    @Test func waitsDoubleUpToALimitAndEnd() {
        let error = CloakroomError.connection("reset")
        let policy = RetryPolicy(maximumAttempts: 10, firstDelay: .milliseconds(100), maximumDelay: .seconds(1))
        let longest = (1...10).map { policy.delay(after: error, attempt: $0, .isHarmless, random: 1) }
        let expected: [Duration?] = [100, 200, 400, 800, 1_000, 1_000, 1_000, 1_000, 1_000, nil].map { milliseconds in
            milliseconds.map { .milliseconds($0) }
        }
        #expect(longest == expected)
        #expect(policy.delay(after: error, attempt: 3, .isHarmless, random: 0) == .milliseconds(200))
    }

    @Test func serviceIsNotAskedBeforeItWantsToBe() {
        let soon = Self.service(429, retryAfter: .seconds(3))
        #expect(Self.policy.delay(after: soon, attempt: 1, .isHarmless) == .seconds(3))
        let late = Self.service(429, retryAfter: .seconds(3_600))
        #expect(Self.policy.delay(after: late, attempt: 1, .isHarmless) == nil)
    }

    @Test(arguments: ["http://localhost:8080", "https://api.example.com/base", "http://[::1]:80/"])
    func serverURLsAreRead(text: String) {
        #expect(ServerURL(text)?.description == (text.hasSuffix("/") ? String(text.dropLast()) : text))
    }

    @Test(arguments: [
        "", "localhost:8080", "ftp://x", "http://", "http://:80", "http://u@h", "http://h?q", "http://h h",
        "http://h:", "http://h:0", "http://h:65536", "http://h:x/p", "http://http://h", "http://[::1]:",
    ])
    func othersAreRefused(text: String) {
        #expect(ServerURL(text) == nil)
    }
}
