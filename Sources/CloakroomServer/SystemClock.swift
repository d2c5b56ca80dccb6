public import CloakroomDomain

import Glibc

/// The operating system's clock; read at the edge, and passed on as a value.
public struct SystemClock: Sendable {
    /// Creates a clock.
    public init() {}

    /// The current time, in whole seconds.
    public var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(secondsSinceEpoch: Int64(time.tv_sec))
    }

    /// How long it is until ``now`` is another.
    var untilNextSecond: Duration {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return .nanoseconds(1_000_000_000 - Int64(time.tv_nsec))
    }
}
