/// A moment in UTC to the whole second, the resolution of SigV4 and of every time on the wire.
public struct Timestamp: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Seconds since 1970-01-01T00:00:00Z, leap seconds not counted.
    public let secondsSinceEpoch: Int64

    /// Creates a moment, in seconds since 1970-01-01T00:00:00Z.
    public init(secondsSinceEpoch: Int64) {
        self.secondsSinceEpoch = secondsSinceEpoch
    }

    /// Whether one moment is before another.
    public static func < (left: Self, right: Self) -> Bool {
        left.secondsSinceEpoch < right.secondsSinceEpoch
    }

    /// Returns the moment a number of seconds later, or earlier where it is negative.
    public func advanced(bySeconds seconds: Int64) -> Timestamp {
        Timestamp(secondsSinceEpoch: self.secondsSinceEpoch + seconds)
    }

    /// `2026-03-20T11:30:00Z` (RFC 3339 §5.6).
    public var rfc3339: String {
        let date = CivilDate(self)
        return date.formatted(dateSeparator: "-", between: "T", timeSeparator: ":")
    }

    /// The years 0000 to 9999, which RFC 3339 can write.
    private static let writable: ClosedRange<Int64> = -62_167_219_200...253_402_300_799

    /// ``rfc3339`` for the years 0000 to 9999, else the number of seconds.
    public var description: String {
        Self.writable.contains(self.secondsSinceEpoch)
            ? self.rfc3339 : "\(self.secondsSinceEpoch) seconds since 1970-01-01T00:00:00Z"
    }

    /// `20260320T113000Z`, SigV4's date (ISO 8601 basic format).
    public var iso8601Basic: String {
        CivilDate(self).formatted(dateSeparator: "", between: "T", timeSeparator: "")
    }

    /// `20260320`, the day of a SigV4 credential scope.
    public var day: String {
        String(self.iso8601Basic.prefix(8))
    }

    /// Reads SigV4's date: ASCII, exactly `yyyyMMdd'T'HHmmss'Z'` and a date that exists; else `nil`.
    public init?(iso8601Basic bytes: ArraySlice<UInt8>) {
        let start = bytes.startIndex
        guard bytes.count == 16, bytes[start + 8] == UInt8(ascii: "T"), bytes[start + 15] == UInt8(ascii: "Z"),
            let year = DecimalDigits.value(of: bytes[start..<(start + 4)]),
            let month = DecimalDigits.value(of: bytes[(start + 4)..<(start + 6)]),
            let day = DecimalDigits.value(of: bytes[(start + 6)..<(start + 8)]),
            let hour = DecimalDigits.value(of: bytes[(start + 9)..<(start + 11)]),
            let minute = DecimalDigits.value(of: bytes[(start + 11)..<(start + 13)]),
            let second = DecimalDigits.value(of: bytes[(start + 13)..<(start + 15)]),
            let timestamp = CivilDate(
                year: year, month: month, day: day, hour: hour, minute: minute, second: second
            ).timestamp
        else { return nil }
        self = timestamp
    }

    /// Reads an RFC 3339 time in UTC, exactly `yyyy-MM-ddTHH:mm:ssZ`; else `nil`.
    public init?(rfc3339 text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard bytes.count == 20, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":")
        else { return nil }
        let punctuation: Set<Int> = [4, 7, 13, 16]
        self.init(iso8601Basic: ArraySlice(bytes.indices.filter { !punctuation.contains($0) }.map { bytes[$0] }))
    }
}
