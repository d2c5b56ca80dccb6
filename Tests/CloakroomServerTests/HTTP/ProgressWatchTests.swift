import Testing

@testable import CloakroomServer

/// 512 bytes a second over windows of 20 seconds: 10,240 bytes a window.
struct ProgressWatchTests {
    private static let rate = LowestRate(bytesPerSecond: 512, windowSeconds: 20)

    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let moved: Int
        let tick: Int
        let isTooSlow: Bool

        init(_ name: String, moved: Int, tick: Int, _ isTooSlow: Bool) {
            self.name = name
            self.moved = moved
            self.tick = tick
            self.isTooSlow = isTooSlow
        }

        var testDescription: String { self.name }
    }

    /// From tick 100 on.
    static let windows: [Case] = [
        Case("nothing at once", moved: 0, tick: 100, false),
        Case("nothing within the window", moved: 0, tick: 119, false),
        Case("nothing after the window", moved: 0, tick: 120, true),
        Case("a byte too few", moved: 10_239, tick: 120, true),
        Case("just enough", moved: 10_240, tick: 120, false),
        Case("a look that comes late", moved: 10_239, tick: 200, true),
    ]

    @Test(arguments: Self.windows)
    func windowWithTooFewBytesIsTooSlow(_ example: Case) {
        var watch = ProgressWatch()
        watch.restart(100)
        watch.advanced(by: example.moved)
        let isTooSlow = watch.isTooSlow(example.tick, Self.rate)
        #expect(isTooSlow == example.isTooSlow)
        #expect(ProgressWatch().elapsed(5) == 5)
    }

    /// What one window had too much does not help the next.
    @Test
    func everyWindowIsJudgedByItself() {
        var watch = ProgressWatch()
        watch.restart(0)
        watch.advanced(by: 1_000_000)
        let first = watch.isTooSlow(20, Self.rate)
        let within = watch.isTooSlow(39, Self.rate)
        let second = watch.isTooSlow(40, Self.rate)
        #expect(!first)
        #expect(!within)
        #expect(second)
    }

    @Test
    func restartForgetsWhatMoved() {
        var watch = ProgressWatch()
        watch.advanced(by: 1_000_000)
        watch.drained(to: 1_000_000)
        watch.restart(50)
        watch.drained(to: 0)
        #expect(watch.elapsed(55) == 5)
        let isTooSlow = watch.isTooSlow(70, Self.rate)
        #expect(isTooSlow)
    }

    /// Only what leaves the buffers counts, not what enters them.
    @Test
    func drainedBytesAreProgress() {
        var fast = ProgressWatch()
        for waiting in [20_000, 9_760] { fast.drained(to: waiting) }
        var slow = ProgressWatch()
        for waiting in [20_000, 9_761, 50_000] { slow.drained(to: waiting) }
        let (isFastTooSlow, isSlowTooSlow) = (fast.isTooSlow(20, Self.rate), slow.isTooSlow(20, Self.rate))
        #expect(!isFastTooSlow)
        #expect(isSlowTooSlow)
    }

    /// What waits at a window's end has not moved, and counts when it does.
    @Test
    func waitingBytesGoOverIntoTheNextWindow() {
        var watch = ProgressWatch()
        for waiting in [30_000, 15_000] { watch.drained(to: waiting) }
        let first = watch.isTooSlow(20, Self.rate)
        watch.drained(to: 0)
        let second = watch.isTooSlow(40, Self.rate)
        #expect(!first)
        #expect(!second)
    }

    /// What enters the buffers between two looks hides nothing of what leaves them.
    @Test
    func queuedBytesHideNoProgress() {
        var watch = ProgressWatch()
        watch.queued(300_000)
        watch.drained(to: 290_000)
        watch.queued(10_000)
        watch.drained(to: 290_000)
        let first = watch.isTooSlow(20, Self.rate)
        // Nothing leaves, whatever enters.
        watch.queued(1_000_000)
        watch.drained(to: 1_290_000)
        let second = watch.isTooSlow(40, Self.rate)
        #expect(!first)
        #expect(second)
    }
}
