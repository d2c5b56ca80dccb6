import CloakroomDomain
import HTTPTypes
import Synchronization

/// Holds each key to a number of requests a second.
///
/// A token bucket for each key, as large as the number: a key that was quiet may ask that often at once.
final class RateLimiter: Sendable {
    /// How a key stands after a request.
    struct RateLimitState: Hashable, Sendable {
        let isAdmitted: Bool
        /// Requests a second.
        let limit: Int
        /// Requests that could follow at once.
        let remaining: Int
    }

    /// What is left of a limit.
    private struct Bucket {
        var tokens: Double
        var filledAt: ContinuousClock.Instant
    }

    private let limit: Int
    private let buckets = Mutex<[APIKeyID: Bucket]>([:])

    init(requestsPerSecond: Int) {
        self.limit = requestsPerSecond
    }

    /// Takes a token of a key if one is left, and returns how the key stands now.
    func admit(_ key: APIKeyID, now: ContinuousClock.Instant) -> RateLimitState {
        let capacity = Double(self.limit)
        return self.buckets.withLock { buckets in
            var bucket = buckets[key] ?? Bucket(tokens: capacity, filledAt: now)
            let elapsed = (now - bucket.filledAt) / .seconds(1)
            bucket.tokens = min(capacity, bucket.tokens + max(0, elapsed) * capacity)
            bucket.filledAt = max(now, bucket.filledAt)
            let isAdmitted = bucket.tokens >= 1
            if isAdmitted { bucket.tokens -= 1 }
            buckets[key] = bucket
            return RateLimitState(isAdmitted: isAdmitted, limit: self.limit, remaining: Int(bucket.tokens))
        }
    }
}

extension RateLimiter.RateLimitState {
    private static let policyField = HTTPField.Name("RateLimit-Policy")
    private static let stateField = HTTPField.Name("RateLimit")

    /// Adds the fields of draft-ietf-httpapi-ratelimit-headers: the window is a second, and full again within it.
    func write(to fields: inout HTTPFields) {
        if let name = Self.policyField { fields[name] = "\"key\";q=\(self.limit);w=1" }
        if let name = Self.stateField { fields[name] = "\"key\";r=\(self.remaining);t=1" }
    }
}
