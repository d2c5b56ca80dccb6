/// How long a file is kept from its creation on: a second to ten years.
public struct FileLifetime: Hashable, Sendable, CustomStringConvertible {
    /// The seconds that are allowed.
    public static let range: ClosedRange<Int64> = 1...315_360_000

    /// The number of seconds, within ``range``.
    public let seconds: Int64

    /// Creates a lifetime; a number of seconds outside ``range`` gives `nil`.
    public init?(seconds: Int64) {
        guard Self.range.contains(seconds) else { return nil }
        self.seconds = seconds
    }

    /// The number with its unit: `3600 seconds`.
    public var description: String { self.seconds == 1 ? "1 second" : "\(self.seconds) seconds" }

    /// Returns when a file ends: the first second in which it is not there any more.
    public func end(from creation: Timestamp) -> Timestamp {
        creation.advanced(bySeconds: self.seconds)
    }
}
