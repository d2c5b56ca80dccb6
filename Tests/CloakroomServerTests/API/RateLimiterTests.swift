import CloakroomDomain
import HTTPTypes
import Testing

@testable import CloakroomServer

/// Requests of a key in a second.
struct RateLimiterTests {
    private static let start = ContinuousClock.now

    private static func key(_ digits: String) throws -> APIKeyID {
        try #require(APIKeyID("key_" + digits))
    }

    @Test func burstIsAsLargeAsTheLimit() throws {
        let limiter = RateLimiter(requestsPerSecond: 3)
        let key = try Self.key("0123456789abcdef")
        let remaining = (0..<3).map { _ in limiter.admit(key, now: Self.start).remaining }
        #expect(remaining == [2, 1, 0])
        #expect(!limiter.admit(key, now: Self.start).isAdmitted)
    }

    @Test func secondFillsTheBucketAndNoMore() throws {
        let limiter = RateLimiter(requestsPerSecond: 2)
        let key = try Self.key("0123456789abcdef")
        for _ in 0..<2 { #expect(limiter.admit(key, now: Self.start).isAdmitted) }
        #expect(!limiter.admit(key, now: Self.start + .milliseconds(499)).isAdmitted)
        #expect(limiter.admit(key, now: Self.start + .milliseconds(500)).isAdmitted)
        let later = Self.start + .seconds(60)
        #expect((0..<3).map { _ in limiter.admit(key, now: later).isAdmitted } == [true, true, false])
    }

    @Test func keysAreCountedApart() throws {
        let limiter = RateLimiter(requestsPerSecond: 1)
        #expect(limiter.admit(try Self.key("0123456789abcdef"), now: Self.start).isAdmitted)
        #expect(limiter.admit(try Self.key("fedcba9876543210"), now: Self.start).isAdmitted)
    }

    @Test func clockThatStandsStillOrGoesBackGivesNothing() throws {
        let limiter = RateLimiter(requestsPerSecond: 1)
        let key = try Self.key("0123456789abcdef")
        #expect(limiter.admit(key, now: Self.start).isAdmitted)
        #expect(!limiter.admit(key, now: Self.start - .seconds(9)).isAdmitted)
        #expect(!limiter.admit(key, now: Self.start).isAdmitted)
    }

    /// draft-ietf-httpapi-ratelimit-headers.
    @Test func answersSayHowTheKeyStands() {
        var fields = HTTPFields()
        RateLimiter.RateLimitState(isAdmitted: true, limit: 5, remaining: 4).write(to: &fields)
        let names = fields.map { "\($0.name): \($0.value)" }
        #expect(names == [#"RateLimit-Policy: "key";q=5;w=1"#, #"RateLimit: "key";r=4;t=1"#])
    }
}
