import CloakroomDomain
import Testing

/// Rules 1 to 3: whether a request is presigned at all, and by nothing else; and the order of the checks.
struct PresignedMechanismTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let target: String
        let error: PresignedURLError

        init(_ name: String, _ target: String, _ error: PresignedURLError) {
            self.name = name
            self.target = target
            self.error = error
        }

        var testDescription: String { self.name }
    }

    static let unsigned: [Case] = [
        Case("no query", "/files/a", .notPresigned),
        Case("other parameters", "/files/a?response-content-type=text%2Fplain&x-id=GetObject", .notPresigned),
        Case("names in another case", "/files/a?x-amz-date=20260320T113000Z&x-amz-signature=00", .notPresigned),
        Case("a session token alone", "/files/a?X-Amz-Security-Token=t", .notPresigned),
        Case("one of the six", "/files/a?X-Amz-Date=20260320T113000Z", .missingParameter("X-Amz-Algorithm")),
        Case("version 2", "/files/a?AWSAccessKeyId=a&Signature=b&Expires=1774006200", .signatureVersion2),
        Case("version 2's key alone", "/files/a?AWSAccessKeyId=a", .signatureVersion2),
    ]

    @Test(arguments: Self.unsigned)
    func requestWithoutTheSixIsRefused(_ example: Case) throws {
        let fixture = try SigningFixture()
        let request = ReceivedRequest.head("GET", example.target)
        #expect(throws: example.error) { try fixture.verify(request) }
    }

    @Test(arguments: ["AWSAccessKeyId=a", "Signature=b", "Expires=1774006200"])
    func versionTwoBesideVersionFourIsRefused(parameter: String) throws {
        let fixture = try SigningFixture()
        let request = ReceivedRequest.head("GET", "\(SigningFixture.download)&\(parameter)")
        #expect(throws: PresignedURLError.signatureVersion2) { try fixture.verify(request) }
    }

    @Test
    func signedAuthorizationBesideTheParametersIsRefused() throws {
        let fixture = try SigningFixture()
        let signed = "AWS4-HMAC-SHA256 Credential=a, SignedHeaders=b, Signature=c"
        let alone = ReceivedRequest.head("GET", SigningFixture.download, ["Authorization": signed])
        let second = ReceivedRequest.head(
            "GET", SigningFixture.download, ["Authorization": "Bearer sk_00", "Authorization": signed])
        #expect(throws: PresignedURLError.twoMechanisms) { try fixture.verify(alone) }
        #expect(throws: PresignedURLError.twoMechanisms) { try fixture.verify(second) }
    }

    /// A client that sends its API key everywhere.
    @Test(arguments: ["Bearer sk_00", "Key sk_00", "Basic YTpi", "AWS a:b", ""])
    func anotherAuthorizationIsIgnored(value: String) throws {
        let fixture = try SigningFixture()
        let request = ReceivedRequest.head(
            "GET", SigningFixture.download, ["Host": "127.0.0.1:8081", "Authorization": value])
        let grant = try fixture.verify(request)
        #expect(grant.download?.fileID.description == SigningFixture.fileID)
    }

    private static let unlisted = SigningFixture.download.replacing("Headers=host", with: "Headers=accept")
    private static let unknown = SigningFixture.download.replacing("CLKTESTKEY0123456789", with: "OTHER")
    private static let ended = SigningFixture.download.replacing("Expires=3600", with: "Expires=0")

    /// Each URL breaks two rules; the one that comes first in the order answers.
    static let precedence: [Case] = [
        Case(
            "the time before an unknown key", Self.ended.replacing("CLKTESTKEY0123456789", with: "OTHER"),
            .expired(lifetimeSeconds: 0, at: SigningFixture.now, now: SigningFixture.now)),
        Case("an unknown key before a token", "\(Self.unknown)&X-Amz-Security-Token=t", .unknownAccessKey("OTHER")),
        Case("a token before the signed headers", "\(Self.unlisted)&X-Amz-Security-Token=t", .securityToken),
        Case("the signed headers before the signature", Self.unlisted, .headersNotSigned(["host"])),
        Case(
            "the signature before other parameters", "\(SigningFixture.download)&versionId=1",
            .signatureMismatch(nil)),
    ]

    @Test(arguments: Self.precedence)
    func firstRuleThatFailsAnswers(_ example: Case) throws {
        let fixture = try SigningFixture()
        let request = ReceivedRequest.head("GET", example.target)
        #expect(throws: example.error) { try fixture.verify(request) }
    }
}
