/// How often a call is tried, and how long it waits in between.
///
/// Tried again are calls that were refused for now (429), that failed on the service's side (5xx), and whose connection
/// failed; never one that was refused for good (other 4xx). A call that would do its work twice is tried again only after
/// 429. Of several waits each may be twice as long as the one before, and is drawn at random, so that clients that failed
/// together do not come back together.
public struct RetryPolicy: Hashable, Sendable {
    /// Five attempts, the first wait up to 200 ms, none longer than 10 s.
    public static let `default` = RetryPolicy()
    /// One attempt.
    public static let none = RetryPolicy(maximumAttempts: 1)

    /// The most attempts of a call, at least 1.
    public let maximumAttempts: Int
    /// The longest first wait.
    public let firstDelay: Duration
    /// The longest wait; a longer `Retry-After` ends the attempts.
    public let maximumDelay: Duration

    /// Creates a policy.
    ///
    /// - Parameters:
    ///   - maximumAttempts: The most attempts of a call, at least 1.
    ///   - firstDelay: The longest first wait.
    ///   - maximumDelay: The longest wait.
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

    /// Returns how long to wait before the next attempt; `nil` where there is none.
    ///
    /// - Parameters:
    ///   - error: Why the last attempt failed.
    ///   - attempt: Its number, from 1.
    ///   - repetition: What it means to make the call twice.
    ///   - random: From 0 to 1.
    /// - Returns: How long to wait.
    func delay(
        after error: CloakroomError, attempt: Int, _ repetition: Repetition, random: Double = .random(in: 0...1)
    ) -> Duration? {
        guard attempt < self.maximumAttempts, Self.isTemporary(error, repetition) else { return nil }
        let longest = min(self.maximumDelay, self.firstDelay * (1 << min(attempt - 1, 20)))
        // Never less than half of it: a wait of nothing is none.
        let delay = longest * (0.5 + random / 2)
        guard case .service(let service) = error, let asked = service.retryAfter else { return delay }
        return asked <= self.maximumDelay ? max(asked, delay) : nil
    }

    private static func isTemporary(_ error: CloakroomError, _ repetition: Repetition) -> Bool {
        switch error {
        // Refused before anything was done.
        case .service(let error) where error.status == 429: true
        case .service(let error): repetition == .isHarmless && (500...599).contains(error.status)
        case .connection: repetition == .isHarmless
        case .invalidResponse, .file, .damaged, .cancelled: false
        }
    }
}
