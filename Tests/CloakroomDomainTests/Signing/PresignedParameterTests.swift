import CloakroomDomain
import Testing

/// Rules 4 to 9, 12 and 13: one parameter changed in a URL that botocore signed.
struct PresignedParameterTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let old: String
        let new: String
        let error: PresignedURLError

        init(_ old: String, _ new: String, _ error: PresignedURLError) {
            self.old = old
            self.new = new
            self.error = error
        }

        var testDescription: String { "\(self.old) → \(self.new)" }
    }

    static let algorithmsAndCredentials: [Case] = [
        Case("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1", .unsupportedAlgorithm("AWS4-HMAC-SHA1")),
        Case("AWS4-HMAC-SHA256", "aws4-hmac-sha256", .unsupportedAlgorithm("aws4-hmac-sha256")),
        Case("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256", .unsupportedAlgorithm("AWS4-ECDSA-P256-SHA256")),
        Case("%2Faws4_request", "", .credential(.partCount(4))),
        Case("%2Faws4_request", "%2Faws4_request%2F", .credential(.partCount(6))),
        Case("CLKTESTKEY0123456789%2F", "%2F", .credential(.accessKeyID)),
        Case("%2F20260320%2F", "%2F2026032%2F", .credential(.day(received: "2026032"))),
        Case("%2F20260320%2F", "%2F2026-3-2%2F", .credential(.day(received: "2026-3-2"))),
        Case("%2Flocal%2F", "%2Fus-east-1%2F", .credential(.region(received: "us-east-1", expected: "local"))),
        Case("%2Flocal%2F", "%2FLocal%2F", .credential(.region(received: "Local", expected: "local"))),
        Case("%2Fs3%2F", "%2Fs3express%2F", .credential(.service(received: "s3express", expected: "s3"))),
        Case(
            "%2Faws4_request", "%2Faws4",
            .credential(.terminator(received: "aws4", expected: "aws4_request"))),
        Case("CLKTESTKEY0123456789", "CLKTESTKEY0000000000", .unknownAccessKey("CLKTESTKEY0000000000")),
        Case("CLKTESTKEY0123456789", "clktestkey0123456789", .unknownAccessKey("clktestkey0123456789")),
        Case("&X-Amz-Signature", "&X-Amz-Security-Token=t&X-Amz-Signature", .securityToken),
    ]

    static let datesAndLifetimes: [Case] = [
        Case("=20260320T113000Z", "=20260320T113000", .malformedDate("20260320T113000")),
        Case("=20260320T113000Z", "=20260320t113000z", .malformedDate("20260320t113000z")),
        Case("=20260320T113000Z", "=20260320T113000ZZ", .malformedDate("20260320T113000ZZ")),
        Case("=20260320T113000Z", "=2026-03-20T11:30:00Z", .malformedDate("2026-03-20T11:30:00Z")),
        Case("=20260320T113000Z", "=20260320T240000Z", .malformedDate("20260320T240000Z")),
        Case("=20260320T113000Z", "=20260320T116000Z", .malformedDate("20260320T116000Z")),
        Case("=20260320T113000Z", "=20260230T113000Z", .malformedDate("20260230T113000Z")),
        Case("=20260320T113000Z", "=20261320T113000Z", .malformedDate("20261320T113000Z")),
        Case("=20260320T113000Z", "=1774006200", .malformedDate("1774006200")),
        Case("=20260320T113000Z", "=20260319T113000Z", .scopeDayMismatch(scope: "20260320", date: "20260319")),
        Case("%2F20260320%2F", "%2F20260319%2F", .scopeDayMismatch(scope: "20260319", date: "20260320")),
        Case("=3600", "=abc", .malformedExpires("abc")),
        Case("=3600", "=-1", .malformedExpires("-1")),
        Case("=3600", "=%2B60", .malformedExpires("+60")),
        Case("=3600", "=3600.0", .malformedExpires("3600.0")),
        Case("=3600", "=36e2", .malformedExpires("36e2")),
        Case("=3600", "=0003600", .malformedExpires("0003600")),
        Case("=3600", "=18446744073709551616", .malformedExpires("18446744073709551616")),
        Case("=3600", "=3601", .lifetimeTooLong(seconds: 3_601, maximum: 3_600)),
        Case("=3600", "=604800", .lifetimeTooLong(seconds: 604_800, maximum: 3_600)),
        Case("=3600", "=999999", .lifetimeTooLong(seconds: 999_999, maximum: 3_600)),
    ]

    @Test(arguments: Self.algorithmsAndCredentials + Self.datesAndLifetimes)
    func changedParameterIsRefused(_ example: Case) throws {
        let fixture = try SigningFixture()
        let target = SigningFixture.download.replacing(example.old, with: example.new)
        try #require(target != SigningFixture.download)
        let request = ReceivedRequest.head("GET", target)
        #expect(throws: example.error) { try fixture.verify(request) }
    }

    static let names = [
        "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature",
    ]

    @Test(arguments: Self.names)
    func eachOfTheSixStandsThereOnceAndNotEmpty(name: String) throws {
        let fixture = try SigningFixture()
        let query = SigningFixture.download.dropFirst(SigningFixture.downloadPath.count + 1)
        let all = query.split(separator: "&").map(String.init)
        let others = all.filter { !$0.hasPrefix("\(name)=") }
        try #require(others.count == 5)
        func request(_ items: [String]) -> ReceivedRequest {
            .head("GET", "\(SigningFixture.downloadPath)?\(items.joined(separator: "&"))")
        }
        let (absent, empty) = (request(others), request(others + ["\(name)="]))
        let (repeated, alsoEmpty) = (request(all + all.filter { $0.hasPrefix(name) }), request(all + ["\(name)="]))
        #expect(throws: PresignedURLError.missingParameter(name)) { try fixture.verify(absent) }
        #expect(throws: PresignedURLError.missingParameter(name)) { try fixture.verify(empty) }
        #expect(throws: PresignedURLError.repeatedParameter(name)) { try fixture.verify(repeated) }
        #expect(throws: PresignedURLError.repeatedParameter(name)) { try fixture.verify(alsoEmpty) }
    }

    /// By any spelling: `%2D` is a hyphen.
    @Test(arguments: ["X-Amz-Foo=1&X-Amz-Foo=2", "X-Amz-Foo=1&X%2DAmz%2DFoo=1", "X-Amz-Foo&X-Amz-Foo"])
    func otherAmazonParametersStandThereOnce(parameters: String) throws {
        let fixture = try SigningFixture()
        let request = ReceivedRequest.head("GET", "\(SigningFixture.download)&\(parameters)")
        #expect(throws: PresignedURLError.repeatedParameter("X-Amz-Foo")) { try fixture.verify(request) }
    }
}
