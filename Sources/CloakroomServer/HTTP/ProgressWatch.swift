/// Measures whether a connection gets on: bytes moved within a window of seconds.
struct ProgressWatch {
    private var startedAt = 0
    private var moved = 0
    private var lastWaiting = 0

    /// Begins anew, at a tick of the group's clock.
    mutating func restart(_ tick: Int) {
        self.startedAt = tick
        self.moved = 0
        self.lastWaiting = 0
    }

    mutating func advanced(by count: Int) { self.moved += count }

    /// Notes bytes that have entered the buffers, so that they hide nothing of what leaves them meanwhile.
    mutating func queued(_ count: Int) { self.lastWaiting += count }

    /// Counts as moved what has left the buffers since the last look.
    mutating func drained(to waiting: Int) {
        self.moved += max(0, self.lastWaiting - waiting)
        self.lastWaiting = waiting
    }

    func elapsed(_ tick: Int) -> Int { tick - self.startedAt }

    /// Whether a whole window has passed with fewer bytes than the lowest rate asks for; a window that has passed
    /// with enough begins anew.
    mutating func isTooSlow(_ tick: Int, _ rate: LowestRate) -> Bool {
        guard self.elapsed(tick) >= rate.windowSeconds else { return false }
        if self.moved < rate.bytesPerWindow { return true }
        let waiting = self.lastWaiting
        self.restart(tick)
        self.lastWaiting = waiting
        return false
    }
}
