/// The parts of a moment in the proleptic Gregorian calendar, UTC.
///
/// Foundation's formatters cost microseconds a call on Linux; a request formats several dates.
struct CivilDate {
    var year: Int
    var month: Int
    var day: Int
    var hour: Int
    var minute: Int
    var second: Int

    /// The number of days in an era, the 400 years after which the calendar repeats.
    private static let daysPerEra = 146_097
    /// Days from 0000-03-01 to 1970-01-01: eras are counted from March so that the leap day comes last.
    private static let epochOffset = 719_468

    init(year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int) {
        self.year = year
        self.month = month
        self.day = day
        self.hour = hour
        self.minute = minute
        self.second = second
    }

    init(_ timestamp: Timestamp) {
        let seconds = Int(timestamp.secondsSinceEpoch)
        let secondOfDay = ((seconds % 86_400) + 86_400) % 86_400
        let days = (seconds - secondOfDay) / 86_400 + Self.epochOffset
        let era = (days >= 0 ? days : days - Self.daysPerEra + 1) / Self.daysPerEra
        let dayOfEra = days - era * Self.daysPerEra
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        self.day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        self.month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        self.year = yearOfEra + era * 400 + (self.month <= 2 ? 1 : 0)
        self.hour = secondOfDay / 3_600
        self.minute = secondOfDay / 60 % 60
        self.second = secondOfDay % 60
    }

    /// The moment, or `nil` where no such date or time exists (a thirteenth month, 30 February, a 24th hour).
    var timestamp: Timestamp? {
        guard (1...12).contains(self.month), (1...31).contains(self.day), (0...23).contains(self.hour),
            (0...59).contains(self.minute), (0...59).contains(self.second)
        else { return nil }
        let year = self.month <= 2 ? self.year - 1 : self.year
        let era = (year >= 0 ? year : year - 399) / 400
        let yearOfEra = year - era * 400
        let shiftedMonth = self.month > 2 ? self.month - 3 : self.month + 9
        let dayOfYear = (153 * shiftedMonth + 2) / 5 + self.day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let days = era * Self.daysPerEra + dayOfEra - Self.epochOffset
        let seconds = days * 86_400 + self.hour * 3_600 + self.minute * 60 + self.second
        let timestamp = Timestamp(secondsSinceEpoch: Int64(seconds))
        let roundTrip = CivilDate(timestamp)
        return roundTrip.month == self.month && roundTrip.day == self.day ? timestamp : nil
    }

    func formatted(dateSeparator: String, between: String, timeSeparator: String) -> String {
        var text = ""
        text.reserveCapacity(20)
        Self.append(self.year, digits: 4, to: &text)
        text += dateSeparator
        Self.append(self.month, digits: 2, to: &text)
        text += dateSeparator
        Self.append(self.day, digits: 2, to: &text)
        text += between
        Self.append(self.hour, digits: 2, to: &text)
        text += timeSeparator
        Self.append(self.minute, digits: 2, to: &text)
        text += timeSeparator
        Self.append(self.second, digits: 2, to: &text)
        return text + "Z"
    }

    private static func append(_ value: Int, digits: Int, to text: inout String) {
        var divisor = digits == 4 ? 1_000 : 10
        while divisor > 0 {
            text.unicodeScalars.append(Unicode.Scalar(UInt8(value / divisor % 10) + UInt8(ascii: "0")))
            divisor /= 10
        }
    }
}
