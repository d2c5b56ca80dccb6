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
}
