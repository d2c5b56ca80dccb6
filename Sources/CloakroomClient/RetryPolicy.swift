/// How often a call is attempted, and how long it waits between attempts.
///
/// A call is retried after 429, after a 5xx status and after a failed connection, but not after another 4xx status. A call
/// that is not idempotent is retried after 429 only. The delays grow exponentially and are random (jitter), so that
/// clients that failed at the same time do not retry at the same time.
public struct RetryPolicy: Hashable, Sendable {
    /// Five attempts, the first delay up to 200 ms, no delay over 10 s.
    public static let `default` = RetryPolicy()
    /// One attempt.
    public static let none = RetryPolicy(maximumAttempts: 1)

    /// The maximum number of attempts of a call, at least 1.
    public let maximumAttempts: Int
    /// The maximum of the first delay.
    public let firstDelay: Duration
    /// The maximum delay; a longer `Retry-After` ends the attempts.
    public let maximumDelay: Duration

    /// Creates a policy.
    ///
    /// - Parameters:
    ///   - maximumAttempts: The maximum number of attempts of a call, at least 1.
    ///   - firstDelay: The maximum of the first delay.
    ///   - maximumDelay: The maximum delay.
    public init(
        maximumAttempts: Int = 5, firstDelay: Duration = .milliseconds(200), maximumDelay: Duration = .seconds(10)
    ) {
        self.maximumAttempts = max(1, maximumAttempts)
        self.firstDelay = firstDelay
        self.maximumDelay = maximumDelay
    }

    /// What it means to make a call twice.
    enum Repetition: Hashable, Sendable {
        /// The same as once.
        case isHarmless
        /// Its work is done twice.
        case actsTwice
    }

    /// Returns how long to wait after an attempt, counted from 1; `nil` where there is no other.
    func delay(
        after error: CloakroomError, attempt: Int, _ repetition: Repetition, random: Double = .random(in: 0...1)
    ) -> Duration? {
        guard attempt < self.maximumAttempts, Self.isTemporary(error, repetition) else { return nil }
        let delay = self.delay(ofAttempt: attempt, random: random)
        guard let asked = error.retryAfter else { return delay }
        return asked <= self.maximumDelay ? max(asked, delay) : nil
    }

    /// Returns how long to wait after an attempt, counted from 1, where the service says nothing of it.
    func delay(ofAttempt attempt: Int, random: Double) -> Duration {
        let longest = min(self.maximumDelay, self.firstDelay * (1 << min(attempt - 1, 20)))
        // Never less than half of it: a wait of nothing is none.
        return longest * (0.5 + random / 2)
    }

    /// Whether the same call may succeed later.
    static func isTemporary(_ error: CloakroomError, _ repetition: Repetition) -> Bool {
        switch error {
        // Rejected before anything was done.
        case .service(let error) where error.status == 429: true
        case .service(let error): repetition == .isHarmless && (500...599).contains(error.status)
        case .connection: repetition == .isHarmless
        case .invalidResponse, .file, .damaged, .cancelled: false
        }
    }
}
