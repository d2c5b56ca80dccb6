import Metrics
import Synchronization

/// The API's metrics; labels come from closed sets, never from a request.
final class APIMetrics: Sendable {
    private let requests = CounterFamily("cloakroom_requests_total", "origin", "route", "status")
    private let limits = CounterFamily("cloakroom_limited_requests_total", "limit")
    private let durations = Mutex<[String: Timer]>([:])

    func responded(_ route: String, _ status: Int, _ duration: Duration) {
        self.requests.increment("api", route, "\(status)")
        let timer = self.durations.withLock { durations in
            if let timer = durations[route] { return timer }
            let labels = [("origin", "api"), ("route", route)]
            let timer = Timer(label: "cloakroom_request_duration_seconds", dimensions: labels)
            durations[route] = timer
            return timer
        }
        let (seconds, attoseconds) = duration.components
        timer.recordNanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }

    /// Counts a request that a limit of its key has rejected.
    func limited(_ limit: String) { self.limits.increment(limit) }
}
