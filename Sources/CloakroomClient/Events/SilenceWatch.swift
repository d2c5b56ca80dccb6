import Synchronization

/// Ends the reading of a stream that has been silent for too long; the time in which nobody reads does not count.
final class SilenceWatch: Sendable {
    private let limit: Duration
    private let waitingSince = Mutex<ContinuousClock.Instant?>(nil)

    init(limit: Duration) {
        self.limit = limit
    }

    /// Notes that bytes are waited for.
    func beginWaiting() {
        self.waitingSince.withLock { $0 = .now }
    }

    /// Notes that bytes have arrived.
    func endWaiting() {
        self.waitingSince.withLock { $0 = nil }
    }

    /// Throws once bytes have been waited for as long as the limit.
    func run() async throws {
        while true {
            let since = self.waitingSince.withLock { $0 }
            let now = ContinuousClock.now
            if let since, now - since >= self.limit {
                throw CloakroomError.connection("no byte arrived for \(self.limit)")
            }
            // Without a reader, a part of the limit: a wait that begins meanwhile is noticed soon enough.
            try await Task.sleep(until: since.map { $0 + self.limit } ?? now + self.limit / 4)
        }
    }
}
