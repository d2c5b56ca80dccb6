import Glibc

/// Tells the time of day: read at the edge, and passed on as a value.
public protocol WallClock: Sendable {
    /// The current time, in milliseconds of the Unix epoch.
    var milliseconds: Int64 { get }
}

extension WallClock {
    /// The current time, in whole seconds.
    public var now: Timestamp { Timestamp(secondsSinceEpoch: self.milliseconds / 1_000) }

    /// How long it is until ``now`` is another.
    public var untilNextSecond: Duration { .milliseconds(1_000 - self.milliseconds % 1_000) }
}

/// The operating system's clock.
public struct SystemClock: WallClock {
    /// Creates a clock.
    public init() {}

    /// The current time, in milliseconds of the Unix epoch.
    public var milliseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }
}
