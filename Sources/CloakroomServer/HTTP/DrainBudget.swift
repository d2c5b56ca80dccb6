/// How much of a rejected request's body may still be read and dropped.
///
/// Many clients read no response before they have sent the whole body. Closing a socket with unread bytes resets it, and
/// the reset overtakes the response. So the rest is read: at most the largest file and 1 MiB, for at most a minute, at no
/// less than the lowest rate of an upload, and only while the origin has connections to spare (``ExpendableConnections``).
/// Nothing is read of a body that the client has not begun, because it waits for `100 Continue`.
struct DrainBudget {
    private var remaining: Int64
    private let startedAt: Int

    /// Reads at most so many bytes, from a tick of the ``ConnectionGroup`` on.
    init(maximum: Int64, startedAt: Int) {
        self.remaining = maximum
        self.startedAt = startedAt
    }

    /// Takes bytes that have been dropped; `false` where there were too many.
    mutating func take(_ count: Int) -> Bool {
        self.remaining -= Int64(count)
        return self.remaining >= 0
    }

    /// Whether the client has sent for as long as it may.
    func isOver(_ tick: Int) -> Bool { tick - self.startedAt > ExpendableConnections.drainSeconds }
}
