import CloakroomDomain
import Testing

/// URLs that botocore signed, by the command of ``SigningFixture`` with the arguments of each row.
struct BotocoreURLTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let method: String
        let target: String
        var contentType: String?
        var disposition: String?
        var cacheControl: String?

        var testDescription: String { self.name }
    }

    private static let responseTarget = SigningFixture.target(
        parameters: """
            response-content-disposition=inline%3B%20filename%3D%22cat.png%22&response-content-type=image%2Fpng
            """,
        signature: "f327feaca98b0850d75d90b054eab5e23e3af9fb86ca6737c1cb7f4447707a8f")

    static let downloads: [Case] = [
        Case(name: "GET", method: "GET", target: SigningFixture.download),
        Case(name: "HEAD with a GET URL", method: "HEAD", target: SigningFixture.download),
        Case(
            name: "HEAD", method: "HEAD",
            target: SigningFixture.target(
                signature: "8cc5a0e3016bd36065e60cd3aaf5349aa2c0cc200e25769b6b3959850500365b")),
        Case(
            name: "x-id, as newer SDKs add", method: "GET",
            target: SigningFixture.target(
                parameters: "x-id=GetObject",
                signature: "d7377bc15c9abf0209d0cb4b6492eb0d67cc1971d9c99dc106c7ec68e7a3ff1a")),
        Case(
            name: "response-*", method: "GET", target: Self.responseTarget, contentType: "image/png",
            disposition: "inline; filename=\"cat.png\""),
        Case(
            name: "response-cache-control", method: "GET",
            target: SigningFixture.target(
                parameters: "response-cache-control=no-store",
                signature: "89cc0570de323bce88f01bb0db6a6d64b54e1b3e8e53ee2ece65cdf366915836"),
            cacheControl: "no-store"),
        Case(
            name: "the second base URL, as http://storage.example.com", method: "GET",
            target: SigningFixture.target(
                signature: "46385b0d3468716e383df91c6f34fda8041157c5713e2584626e3842a16ef2dc")),
        Case(
            name: "the second key", method: "GET",
            target: SigningFixture.target(
                accessKeyID: SigningFixture.secondAccessKeyID,
                signature: "5d2701b86087ef6d1b17956da84a0545c7097aa502464a41be2637314ee2a8e2")),
    ]

    @Test(arguments: Self.downloads)
    func downloadIsGranted(_ example: Case) throws {
        let fixture = try SigningFixture()
        let grant = try fixture.verify(.head(example.method, example.target))
        let download = try #require(grant.download)
        #expect(download.fileID.description == SigningFixture.fileID)
        #expect(download.contentType == example.contentType)
        #expect(download.contentDisposition == example.disposition)
        #expect(download.cacheControl == example.cacheControl)
        // 2026-03-20T12:30:00Z
        #expect(download.expiresAt == Timestamp(secondsSinceEpoch: 1_774_009_800))
    }

    @Test
    func uploadIsGranted() throws {
        let fixture = try SigningFixture()
        let request = ReceivedRequest.head(
            "PUT", SigningFixture.upload,
            ["Host": "127.0.0.1:8081", "Content-Length": "4096", "Content-Type": "image/png"])
        let grant = try fixture.verify(request)
        let upload = try #require(grant.upload)
        #expect(upload.fileID.description == SigningFixture.fileID)
        #expect(upload.signedPayload == nil)
    }

    /// botocore signs no length unless it is told to.
    @Test(arguments: ["1", "4096"])
    func lengthMayBeUnsigned(length: String) throws {
        let fixture = try SigningFixture()
        let target = SigningFixture.target(
            SigningFixture.uploadPath, headers: "content-type;host",
            signature: "d54fbdb57982bca10e15769f37395d5208ec9e283458d9d934d75255ffe2a7f3")
        let grant = try fixture.verify(.head("PUT", target, ["Content-Type": "image/png", "Content-Length": length]))
        #expect(grant.upload != nil)
    }

    /// The public host counts, whatever a proxy made of the field.
    @Test(arguments: ["127.0.0.1:8081", "storage.internal", "evil.example", ""])
    func hostThatArrivedDoesNotMatter(host: String) throws {
        let fixture = try SigningFixture()
        let grant = try fixture.verify(.head("GET", SigningFixture.download, ["Host": host]))
        #expect(grant.download != nil)
    }

    private static let withoutAlgorithm = SigningFixture.download.replacing(
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&", with: "")

    /// The same parameters in another spelling or order are the same request.
    static let spellings: [String] = [
        SigningFixture.download.replacing("%2F", with: "/"),
        SigningFixture.download.replacing("%2F", with: "%2f"),
        SigningFixture.download.replacing("X-Amz-Expires=3600", with: "X%2DAmz-Expires=%33600"),
        SigningFixture.download.replacing("&", with: "&&"),
        "\(SigningFixture.download)&",
        "\(Self.withoutAlgorithm)&X-Amz-Algorithm=AWS4-HMAC-SHA256",
        Self.responseTarget.replacing("%20", with: "+"),
        Self.responseTarget.replacing("cat.png", with: "cat%2Epng"),
    ]

    @Test(arguments: Self.spellings)
    func spellingAndOrderOfParametersDoNotMatter(target: String) throws {
        let fixture = try SigningFixture()
        let grant = try fixture.verify(.head("GET", target))
        #expect(grant.download?.fileID.description == SigningFixture.fileID)
    }
}
