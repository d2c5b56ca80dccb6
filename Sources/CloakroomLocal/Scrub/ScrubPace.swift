import CloakroomDomain
import CloakroomSQLite

/// How fast a scrub goes: evenly over its period, and never faster than it may.
package struct ScrubPace: Hashable, Sendable {
    /// What a file or a name counts beside its bytes: opening it and looking it up take time, too.
    static let costOfFile: Int64 = 4_096

    /// The length of a round, in seconds.
    let periodSeconds: Int64
    /// The most bytes that are read in a second.
    let bytesPerSecond: Int64

    /// Creates a pace: each file is read again within so many days, as far as the rate allows, for which it counts for
    /// 4 KiB more than it has.
    package init(periodDays: Int64, bytesPerSecond: Int64) {
        self.periodSeconds = max(1, periodDays) * 86_400
        self.bytesPerSecond = max(1, bytesPerSecond)
    }

    /// Returns how long work, in bytes, takes at the highest rate.
    func shortestInterval(for cost: Int64) -> Duration {
        .seconds(Double(cost) / Double(self.bytesPerSecond))
    }

    /// Returns how long after the beginning of some work, in bytes, the next may begin; what was left of the round
    /// includes it.
    func interval(for cost: Int64, left: Int64, of round: ScrubRound, now: Timestamp) -> Duration {
        // The first round of all goes at the highest rate: of bytes that were never looked at nothing is known. Each
        // later one is spread over its period.
        let shortest = self.shortestInterval(for: cost)
        guard round.completedAt != nil else { return shortest }
        let share = Double(cost) / Double(max(left, cost, 1))
        return max(shortest, .seconds(share * Double(self.secondsLeft(of: round, now: now))))
    }

    /// How many seconds of a round's period are left; no more than a period where the clock was set back.
    func secondsLeft(of round: ScrubRound, now: Timestamp) -> Int64 {
        let end = round.startedAt.advanced(bySeconds: self.periodSeconds)
        return min(max(0, end.secondsSinceEpoch - now.secondsSinceEpoch), self.periodSeconds)
    }
}
