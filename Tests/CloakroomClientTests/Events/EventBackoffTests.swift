import Testing

@testable import CloakroomClient

/// When a stream is connected again.
struct EventBackoffTests {
    private static let policy = RetryPolicy(
        maximumAttempts: 3, firstDelay: .milliseconds(100), maximumDelay: .seconds(1))
    private static let broken = CloakroomError.connection("reset")

    private static func service(_ status: Int, retryAfter: Duration? = nil) -> CloakroomError {
        .service(ServiceError(code: "X", status: status, message: "", retryAfter: retryAfter))
    }

    @Test func firstConnectionHasTheAttemptsOfThePolicy() {
        var backoff = EventBackoff(policy: Self.policy)
        let delays = (1...3).map { _ in backoff.delay(after: Self.broken, random: 1) }
        #expect(delays == [.milliseconds(100), .milliseconds(200), nil])
    }

    @Test func laterOnesHaveNoLimit() {
        var backoff = EventBackoff(policy: Self.policy)
        backoff.connect()
        let delays = (1...100).map { _ in backoff.delay(after: Self.broken, random: 1) }
        let growing: [Duration?] = [100, 200, 400, 800, 1_000].map { .milliseconds($0) }
        #expect(Array(delays.prefix(5)) == growing)
        #expect(delays.suffix(95).allSatisfy { $0 == .seconds(1) })
        backoff.progress()
        #expect(backoff.delay(after: Self.broken, random: 1) == .milliseconds(100))
    }

    @Test func streamSaysHowLongToWait() {
        var backoff = EventBackoff(policy: Self.policy)
        backoff.connect()
        backoff.retryDelay = .milliseconds(300)
        #expect(backoff.delay(after: Self.broken, random: 1) == .milliseconds(400))
        backoff.retryDelay = .seconds(1_000_000)
        #expect(backoff.delay(after: Self.broken, random: 1) == .milliseconds(1_200))
    }

    @Test func longRetryAfterIsObeyedUpToAnHour() {
        var backoff = EventBackoff(policy: Self.policy)
        #expect(backoff.delay(after: Self.service(503, retryAfter: .seconds(30))) == nil)
        backoff.connect()
        #expect(backoff.delay(after: Self.service(503, retryAfter: .seconds(30))) == .seconds(30))
        #expect(backoff.delay(after: Self.service(429, retryAfter: .seconds(86_400))) == .seconds(3_600))
    }

    @Test(arguments: [400, 401, 403, 404, 410])
    func rejectionIsFinal(status: Int) {
        var backoff = EventBackoff(policy: Self.policy)
        #expect(backoff.delay(after: Self.service(status)) == nil)
        backoff.connect()
        #expect(backoff.delay(after: Self.service(status)) == nil)
        #expect(backoff.delay(after: .cancelled) == nil)
        #expect(backoff.delay(after: .invalidResponse("")) == nil)
    }

    @Test func policyOfOneAttemptMakesNoOther() {
        var backoff = EventBackoff(policy: .none)
        backoff.connect()
        #expect(backoff.delay(after: Self.broken) == nil)
    }
}
