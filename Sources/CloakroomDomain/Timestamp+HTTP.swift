extension Timestamp {
    private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// `Sun, 06 Nov 1994 08:49:37 GMT`, the form of the `Date` field (RFC 9110 §5.6.7).
    public var imfFixdate: String {
        let date = CivilDate(self)
        let days = (self.secondsSinceEpoch - ((self.secondsSinceEpoch % 86_400) + 86_400) % 86_400) / 86_400
        let weekday = Self.weekdays[Int(((days % 7) + 7) % 7)]
        func twoDigits(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let time = [date.hour, date.minute, date.second].map(twoDigits).joined(separator: ":")
        return "\(weekday), \(twoDigits(date.day)) \(Self.months[date.month - 1]) \(date.year) \(time) GMT"
    }

    /// Reads a date of an HTTP field in one of the three forms of RFC 9110 §5.6.7.
    ///
    /// A year of two digits, in the form of RFC 850, lies between 1970 and 2069.
    ///
    /// - Parameter text: `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT` or
    ///   `Sun Nov  6 08:49:37 1994`; anything else gives `nil`, as does a date that does not exist. The name of the
    ///   weekday is not held to the date.
    public init?(httpDate text: some StringProtocol) {
        let words = text.split { $0 == " " || $0 == "-" || $0 == "," }.map { Substring($0) }
        let date: (year: Substring, month: Substring, day: Substring, time: Substring)
        switch words.count {
        case 6 where words[5] == "GMT": date = (words[3], words[2], words[1], words[4])
        case 5: date = (words[4], words[1], words[2], words[3])
        default: return nil
        }
        let clock = date.time.split(separator: ":", omittingEmptySubsequences: false)
        guard let year = Self.year(date.year), let month = Self.months.firstIndex(of: String(date.month)),
            date.day.utf8.count <= 2, let day = DecimalDigits.value(of: date.day.utf8),
            clock.count == 3, clock.allSatisfy({ $0.utf8.count == 2 }),
            let hour = DecimalDigits.value(of: clock[0].utf8), let minute = DecimalDigits.value(of: clock[1].utf8),
            let second = DecimalDigits.value(of: clock[2].utf8),
            // A leap second counts as the one before it.
            let timestamp = CivilDate(
                year: year, month: month + 1, day: day, hour: hour, minute: minute, second: second == 60 ? 59 : second
            ).timestamp
        else { return nil }
        self = timestamp
    }

    private static func year(_ digits: Substring) -> Int? {
        guard let number = DecimalDigits.value(of: digits.utf8) else { return nil }
        switch digits.utf8.count {
        case 4: return number
        case 2: return number >= 70 ? 1900 + number : 2000 + number
        default: return nil
        }
    }
}
