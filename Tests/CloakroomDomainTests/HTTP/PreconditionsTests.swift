import CloakroomDomain
import Testing

/// Conditional fields against RFC 9110 §13; the tag is that of its examples.
struct PreconditionsTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let ifMatch: String?
        let ifNoneMatch: String?
        let outcome: Preconditions.Outcome

        init(match: String? = nil, noneMatch: String? = nil, _ outcome: Preconditions.Outcome) {
            self.ifMatch = match
            self.ifNoneMatch = noneMatch
            self.outcome = outcome
        }

        var testDescription: String { "If-Match: \(self.ifMatch ?? "–"), If-None-Match: \(self.ifNoneMatch ?? "–")" }
    }

    /// Of a representation whose tag is `"xyzzy"`.
    static let cases: [Case] = [
        Case(.proceed),
        // §13.1.1, its three examples, and the strong comparison of §8.8.3.2.
        Case(match: "\"xyzzy\"", .proceed),
        Case(match: "\"xyzzy\", \"r2d2xxxx\", \"c3piozzzz\"", .proceed),
        Case(match: "\"r2d2xxxx\",\"c3piozzzz\" ,\t\"xyzzy\"", .proceed),
        Case(match: "*", .proceed),
        Case(match: "\"r2d2xxxx\", \"c3piozzzz\"", .failed),
        Case(match: "W/\"xyzzy\"", .failed),
        Case(match: "xyzzy", .failed),
        Case(match: "\"XYZZY\"", .failed),
        Case(match: "\"xyzz\"", .failed),
        Case(match: "", .failed),
        // §13.1.2, and the weak comparison.
        Case(noneMatch: "\"xyzzy\"", .notModified),
        Case(noneMatch: "W/\"xyzzy\"", .notModified),
        Case(noneMatch: "\"xyzzy\", \"r2d2xxxx\", \"c3piozzzz\"", .notModified),
        Case(noneMatch: "W/\"r2d2xxxx\", W/\"xyzzy\"", .notModified),
        Case(noneMatch: "*", .notModified),
        Case(noneMatch: "\"r2d2xxxx\"", .proceed),
        Case(noneMatch: "W/\"r2d2xxxx\"", .proceed),
        Case(noneMatch: "w/\"xyzzy\"", .proceed),
        Case(noneMatch: "xyzzy", .proceed),
        Case(noneMatch: "", .proceed),
        // §13.2.2: If-Match is judged first.
        Case(match: "\"other\"", noneMatch: "\"xyzzy\"", .failed),
        Case(match: "\"xyzzy\"", noneMatch: "\"xyzzy\"", .notModified),
        Case(match: "\"xyzzy\"", noneMatch: "\"other\"", .proceed),
    ]

    @Test(arguments: Self.cases)
    func conditionsAreJudgedInOrder(_ example: Case) {
        let preconditions = Preconditions(
            ifMatch: example.ifMatch, ifNoneMatch: example.ifNoneMatch, ifRange: nil)
        let outcome = preconditions.evaluate(entityTag: "\"xyzzy\"")
        #expect(outcome == example.outcome)
    }

    struct RangeCase: CustomTestStringConvertible, Sendable {
        let ifRange: String?
        let isAllowed: Bool

        init(_ ifRange: String?, _ isAllowed: Bool) {
            self.ifRange = ifRange
            self.isAllowed = isAllowed
        }

        var testDescription: String { self.ifRange ?? "no field" }
    }

    /// §13.1.5: a strong comparison, and a date that cannot be compared is no match.
    static let ranges: [RangeCase] = [
        RangeCase(nil, true),
        RangeCase("\"xyzzy\"", true),
        RangeCase("W/\"xyzzy\"", false),
        RangeCase("\"other\"", false),
        RangeCase("*", false),
        RangeCase("", false),
        RangeCase("Sun, 06 Nov 1994 08:49:37 GMT", false),
    ]

    @Test(arguments: Self.ranges)
    func rangeCountsForTheSameBytes(_ example: RangeCase) {
        let preconditions = Preconditions(ifMatch: nil, ifNoneMatch: nil, ifRange: example.ifRange)
        let isAllowed = preconditions.allowsRange(entityTag: "\"xyzzy\"")
        #expect(isAllowed == example.isAllowed)
    }
}
