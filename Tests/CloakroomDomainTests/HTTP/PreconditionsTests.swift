import CloakroomDomain
import Testing

/// Conditional fields against RFC 9110 §13, of a file that was sealed at the time of §5.6.7's example.
struct PreconditionsTests {
    private static let tag = "\"file_00000000-0000-0000-0000-000000000001\""
    private static let other = "\"file_00000000-0000-0000-0000-000000000002\""

    struct Case: CustomTestStringConvertible, Sendable {
        var match: String?
        var noneMatch: String?
        var modified: String?
        var unmodified: String?
        let outcome: Preconditions.Outcome

        init(
            match: String? = nil, noneMatch: String? = nil, modified: String? = nil, unmodified: String? = nil,
            _ outcome: Preconditions.Outcome
        ) {
            self.match = match
            self.noneMatch = noneMatch
            self.modified = modified
            self.unmodified = unmodified
            self.outcome = outcome
        }

        var testDescription: String {
            [
                ("If-Match", self.match), ("If-None-Match", self.noneMatch), ("If-Modified-Since", self.modified),
                ("If-Unmodified-Since", self.unmodified),
            ].compactMap { name, value in value.map { "\(name): \($0)" } }.joined(separator: ", ")
        }
    }

    static let tags: [Case] = [
        Case(.proceed),
        // §13.1.1 and the strong comparison of §8.8.3.2.
        Case(match: Self.tag, .proceed),
        Case(match: "\(Self.tag), \"r2d2xxxx\", \"c3piozzzz\"", .proceed),
        Case(match: "\"r2d2xxxx\",\"c3piozzzz\" ,\t\(Self.tag)", .proceed),
        Case(match: "*", .proceed),
        Case(match: "\"r2d2xxxx\", \"c3piozzzz\"", .failed),
        Case(match: "W/\(Self.tag)", .failed),
        Case(match: "xyzzy", .failed),
        Case(match: Self.tag.uppercased(), .failed),
        Case(match: "", .failed),
        // §13.1.2 and the weak comparison.
        Case(noneMatch: Self.tag, .notModified),
        Case(noneMatch: "W/\(Self.tag)", .notModified),
        Case(noneMatch: "W/\"r2d2xxxx\", W/\(Self.tag)", .notModified),
        Case(noneMatch: "*", .notModified),
        Case(noneMatch: Self.other, .proceed),
        Case(noneMatch: "w/\(Self.tag)", .proceed),
        Case(noneMatch: "", .proceed),
        // §13.2.2: If-Match is judged first.
        Case(match: Self.other, noneMatch: Self.tag, .failed),
        Case(match: Self.tag, noneMatch: Self.tag, .notModified),
        Case(match: Self.tag, noneMatch: Self.other, .proceed),
    ]

    private static let sealed = "Sun, 06 Nov 1994 08:49:37 GMT"
    private static let before = "Sun, 06 Nov 1994 08:49:36 GMT"
    private static let after = "Sun, 06 Nov 1994 08:49:38 GMT"

    static let dates: [Case] = [
        // §13.1.3
        Case(modified: Self.sealed, .notModified),
        Case(modified: Self.after, .notModified),
        Case(modified: Self.before, .proceed),
        Case(modified: "Sunday, 06-Nov-94 08:49:37 GMT", .notModified),
        Case(modified: "Sun Nov  6 08:49:37 1994", .notModified),
        Case(modified: "yesterday", .proceed),
        Case(modified: "\(Self.sealed), \(Self.sealed)", .proceed),
        // §13.1.4
        Case(unmodified: Self.sealed, .proceed),
        Case(unmodified: Self.after, .proceed),
        Case(unmodified: Self.before, .failed),
        Case(unmodified: "yesterday", .proceed),
        // §13.2.2: a condition on the tag takes the place of one on the date.
        Case(match: Self.tag, unmodified: Self.before, .proceed),
        Case(match: Self.other, unmodified: Self.after, .failed),
        Case(noneMatch: Self.other, modified: Self.after, .proceed),
        Case(noneMatch: Self.tag, modified: Self.before, .notModified),
        Case(modified: Self.sealed, unmodified: Self.before, .failed),
        Case(modified: Self.sealed, unmodified: Self.sealed, .notModified),
    ]

    private static func validators() throws -> Preconditions.Validators {
        let id = try #require(FileID(text: Array("file_00000000-0000-0000-0000-000000000001".utf8)[...]))
        return Preconditions.Validators(id, lastModified: Timestamp(secondsSinceEpoch: 784_111_777))
    }

    @Test(arguments: Self.tags + Self.dates)
    func conditionsAreJudgedInOrder(_ example: Case) throws {
        let preconditions = Preconditions(
            ifMatch: example.match, ifNoneMatch: example.noneMatch, ifModifiedSince: example.modified,
            ifUnmodifiedSince: example.unmodified, ifRange: nil)
        let outcome = preconditions.evaluate(try Self.validators())
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

    /// §13.1.5: a strong comparison of tags, an exact one of dates.
    static let ranges: [RangeCase] = [
        RangeCase(nil, true),
        RangeCase(Self.tag, true),
        RangeCase("W/\(Self.tag)", false),
        RangeCase(Self.other, false),
        RangeCase("*", false),
        RangeCase("", false),
        RangeCase(Self.sealed, true),
        RangeCase("Sunday, 06-Nov-94 08:49:37 GMT", true),
        RangeCase(Self.before, false),
        RangeCase(Self.after, false),
        RangeCase("Sun, 06 Nov 1994 08:49:37", false),
    ]

    @Test(arguments: Self.ranges)
    func rangeCountsForTheSameBytes(_ example: RangeCase) throws {
        let preconditions = Preconditions(
            ifMatch: nil, ifNoneMatch: nil, ifModifiedSince: nil, ifUnmodifiedSince: nil, ifRange: example.ifRange)
        let isAllowed = preconditions.allowsRange(try Self.validators())
        #expect(isAllowed == example.isAllowed)
    }
}
