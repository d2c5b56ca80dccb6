/// When to connect again to a stream of events: state without a clock.
struct EventBackoff: Sendable {
    /// The longest wait that a `Retry-After` is obeyed for where a connection was made before.
    private static let longestRetryAfter = Duration.seconds(3_600)

    private let policy: RetryPolicy
    private var attempt = 1
    /// Whether there has been a connection.
    private(set) var hasConnected = false
    /// What the stream asks for, at most the longest delay of the policy.
    var retryDelay = Duration.zero

    init(policy: RetryPolicy) {
        self.policy = policy
    }

    /// Notes that the service has accepted a connection.
    mutating func connect() {
        self.hasConnected = true
    }

    /// Notes that a connection has brought something: the next failure is a first one again.
    mutating func progress() {
        self.attempt = 1
    }

    /// Returns how long to wait after a failure; `nil` where there is no other attempt.
    mutating func delay(after error: CloakroomError, random: Double = .random(in: 0...1)) -> Duration? {
        defer { self.attempt += 1 }
        guard self.hasConnected else {
            return self.policy.delay(after: error, attempt: self.attempt, .isHarmless, random: random)
        }
        guard self.policy.maximumAttempts > 1, RetryPolicy.isTemporary(error, .isHarmless) else { return nil }
        let delay = self.policy.delay(ofAttempt: self.attempt, random: random)
        let streamed = min(self.retryDelay, self.policy.maximumDelay)
        return max(delay + streamed, min(error.retryAfter ?? .zero, Self.longestRetryAfter))
    }
}
