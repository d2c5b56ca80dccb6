/// A number of bytes, never negative.
public struct ByteCount: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The number.
    public let bytes: Int64

    /// Creates a count; a negative number gives `nil`.
    public init?(_ bytes: Int64) {
        guard bytes >= 0 else { return nil }
        self.bytes = bytes
    }

    /// Creates a count of what is in memory, the `count` of a collection of bytes.
    public init(inMemory count: Int) {
        self.bytes = Int64(max(0, count))
    }

    /// One byte, the least that a file has.
    public static let one = ByteCount(inMemory: 1)

    /// No bytes.
    public static let zero = ByteCount(inMemory: 0)

    /// The largest file of the reference: 104,857,600 bytes (100 MiB).
    public static let defaultMaximumFileSize = ByteCount(inMemory: 104_857_600)

    /// Whether one count is smaller than another.
    public static func < (left: Self, right: Self) -> Bool {
        left.bytes < right.bytes
    }

    /// Adds two counts, saturating at the largest that can be represented.
    public static func + (left: Self, right: Self) -> ByteCount {
        let (sum, overflow) = left.bytes.addingReportingOverflow(right.bytes)
        return ByteCount(overflow ? .max : sum) ?? .zero
    }

    /// The number in decimal digits.
    public var description: String {
        "\(self.bytes)"
    }
}
