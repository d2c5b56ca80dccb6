/// The lowest rate at which a client may send or take bytes, judged over a window.
package struct LowestRate: Hashable, Sendable {
    /// In bytes a second.
    package let bytesPerSecond: Int
    /// The window over which it is measured, in seconds.
    package let windowSeconds: Int

    /// Slower than any client that is still there.
    package static let standard = LowestRate(bytesPerSecond: 512, windowSeconds: 20)

    /// How long a reader may take nothing by default, in seconds: a player that pauses.
    package static let stallSeconds = 300

    package init(bytesPerSecond: Int, windowSeconds: Int) {
        self.bytesPerSecond = bytesPerSecond
        self.windowSeconds = windowSeconds
    }

    /// The fewest bytes of a window.
    var bytesPerWindow: Int { self.bytesPerSecond * self.windowSeconds }
}
