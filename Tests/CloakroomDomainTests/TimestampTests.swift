import CloakroomDomain
import Testing

/// Times against Python's datetime in UTC.
struct TimestampTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let seconds: Int64
        let rfc3339: String
        let basic: String
        let fixdate: String

        init(_ seconds: Int64, _ rfc3339: String, _ basic: String, _ fixdate: String) {
            self.seconds = seconds
            self.rfc3339 = rfc3339
            self.basic = basic
            self.fixdate = fixdate
        }

        var testDescription: String { self.rfc3339 }
    }

    static let times: [Case] = [
        Case(0, "1970-01-01T00:00:00Z", "19700101T000000Z", "Thu, 01 Jan 1970 00:00:00 GMT"),
        Case(-1, "1969-12-31T23:59:59Z", "19691231T235959Z", "Wed, 31 Dec 1969 23:59:59 GMT"),
        // RFC 9110 §5.6.7's example.
        Case(784_111_777, "1994-11-06T08:49:37Z", "19941106T084937Z", "Sun, 06 Nov 1994 08:49:37 GMT"),
        Case(1_440_938_160, "2015-08-30T12:36:00Z", "20150830T123600Z", "Sun, 30 Aug 2015 12:36:00 GMT"),
        Case(1_774_006_200, "2026-03-20T11:30:00Z", "20260320T113000Z", "Fri, 20 Mar 2026 11:30:00 GMT"),
        Case(2_147_483_648, "2038-01-19T03:14:08Z", "20380119T031408Z", "Tue, 19 Jan 2038 03:14:08 GMT"),
        // Leap years: every fourth, not every hundredth, but every four hundredth.
        Case(1_709_208_000, "2024-02-29T12:00:00Z", "20240229T120000Z", "Thu, 29 Feb 2024 12:00:00 GMT"),
        Case(951_868_799, "2000-02-29T23:59:59Z", "20000229T235959Z", "Tue, 29 Feb 2000 23:59:59 GMT"),
        Case(-11_670_998_400, "1600-02-29T00:00:00Z", "16000229T000000Z", "Tue, 29 Feb 1600 00:00:00 GMT"),
        Case(-2_203_891_200, "1900-03-01T00:00:00Z", "19000301T000000Z", "Thu, 01 Mar 1900 00:00:00 GMT"),
        Case(4_107_542_399, "2100-02-28T23:59:59Z", "21000228T235959Z", "Sun, 28 Feb 2100 23:59:59 GMT"),
        Case(4_107_542_400, "2100-03-01T00:00:00Z", "21000301T000000Z", "Mon, 01 Mar 2100 00:00:00 GMT"),
        Case(253_402_300_799, "9999-12-31T23:59:59Z", "99991231T235959Z", "Fri, 31 Dec 9999 23:59:59 GMT"),
    ]

    @Test(arguments: Self.times)
    func timeIsWrittenInItsThreeForms(_ example: Case) {
        let timestamp = Timestamp(secondsSinceEpoch: example.seconds)
        #expect(timestamp.rfc3339 == example.rfc3339)
        #expect(timestamp.iso8601Basic == example.basic)
        #expect(timestamp.imfFixdate == example.fixdate)
        #expect(timestamp.day == String(example.basic.prefix(8)))
    }

    @Test(arguments: Self.times)
    func timeIsRead(_ example: Case) {
        let expected = Timestamp(secondsSinceEpoch: example.seconds)
        let (extended, basic) = (
            Timestamp(rfc3339: example.rfc3339), Timestamp(iso8601Basic: ArraySlice(example.basic.utf8))
        )
        #expect(extended == expected)
        #expect(basic == expected)
    }

    @Test(arguments: [
        "", "20260320T113000", "20260320T113000z", "20260320t113000Z", "20260320 113000Z", "2026-03-20T11:30:00Z",
        "20260320T113000ZZ", "20260320T1130000", "20260320T1130Z", "+0260320T113000Z", "2026032 T113000Z",
        "20260320T113000+", "20261301T113000Z", "20260001T113000Z", "20260300T113000Z", "20260332T113000Z",
        "20260431T113000Z", "20260229T113000Z", "20240230T113000Z", "21000229T113000Z", "20260320T240000Z",
        "20260320T116000Z", "20260320T235960Z", "２0260320T113000Z",
    ])
    func noSuchBasicTimeIsRefused(text: String) {
        let timestamp = Timestamp(iso8601Basic: ArraySlice(text.utf8))
        #expect(timestamp == nil)
    }

    @Test(arguments: [
        "", "2026-03-20", "2026-03-20T11:30:00", "2026-03-20T11:30:00z", "2026-03-20t11:30:00Z",
        "2026-03-20 11:30:00Z", "2026-03-20T11:30:00.000Z", "2026-03-20T11:30:00+00:00", "2026-3-20T11:30:00Z",
        "2026/03/20T11:30:00Z", "2026-03-20T11.30.00Z", "2026-02-29T11:30:00Z", "2026-03-20T24:00:00Z",
        "20260320T113000Z", " 2026-03-20T11:30:00Z",
    ])
    func noSuchExtendedTimeIsRefused(text: String) {
        let timestamp = Timestamp(rfc3339: text)
        #expect(timestamp == nil)
    }

    @Test
    func timesAreOrderedAndMoved() {
        let start = Timestamp(secondsSinceEpoch: 1_774_006_200)
        #expect(start < start.advanced(bySeconds: 1))
        #expect(start > start.advanced(bySeconds: -1))
        #expect(start.advanced(bySeconds: 3_600).rfc3339 == "2026-03-20T12:30:00Z")
    }

    /// RFC 9110 §5.6.7's three forms of one moment, and others of each.
    @Test(
        arguments: [
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777), ("Sunday, 06-Nov-94 08:49:37 GMT", 784_111_777),
            ("Sun Nov  6 08:49:37 1994", 784_111_777), ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Tuesday, 19-Jan-38 03:14:08 GMT", 2_147_483_648), ("Thu Feb 29 12:00:00 2024", 1_709_208_000),
            // By Python: calendar.timegm((2016, 12, 31, 23, 59, 59)); a leap second counts as the one before it.
            ("Sat, 31 Dec 2016 23:59:60 GMT", 1_483_228_799),
        ] as [(String, Int64)])
    func httpDateIsRead(text: String, seconds: Int64) {
        #expect(Timestamp(httpDate: text)?.secondsSinceEpoch == seconds)
    }

    @Test(arguments: [
        "", "Sun", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 08:49:37 +0000",
        "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 06 Nov 1994 8:49:37 GMT", "Sun, 06 Nov 1994 08:49 GMT", "Sun, 006 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 194 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
        "1994-11-06T08:49:37Z", "784111777", "Sun, -6 Nov 1994 08:49:61 GMT",
    ])
    func otherTextIsNoHTTPDate(text: String) {
        #expect(Timestamp(httpDate: text) == nil)
    }
}
