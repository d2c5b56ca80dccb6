import CloakroomDomain
import Testing

/// Minted URLs are those that botocore signs for the same request, and verify.
struct PresignerTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let filename: String
        let mediaType: String
        let query: String
        let signature: String

        var testDescription: String { self.filename }
    }

    // As SigningFixture's command, with these parameters.
    static let downloads: [Case] = [
        Case(
            filename: "cat.png", mediaType: "image/png",
            query: """
                response-content-disposition=inline%3B%20filename%3D%22cat.png%22&response-content-type=image%2Fpng
                """,
            signature: "f327feaca98b0850d75d90b054eab5e23e3af9fb86ca6737c1cb7f4447707a8f"),
        Case(
            filename: "€ rates.txt", mediaType: "text/plain",
            query: """
                response-content-disposition=inline%3B%20filename%3D%22_%20rates.txt%22%3B%20\
                filename%2A%3DUTF-8%27%27%25E2%2582%25AC%2520rates.txt&response-content-type=text%2Fplain
                """,
            signature: "8499fcf284e9121ca2cb3a484883da7f30508c2abda87695c6ff5d1039a892a7"),
    ]

    private static func record(
        _ filename: String, _ mediaType: String, urlsRevokedAt: Timestamp? = nil, expiresAfter seconds: Int64? = nil
    ) throws -> FileRecord {
        let id = try #require(FileID(SigningFixture.fileID))
        let type = try #require(MediaType(mediaType))
        let size = try #require(ByteCount(4_096))
        let name = try Filename(filename)
        let declaration = UploadDeclaration(filename: name, mediaType: type, size: size, sha256: nil)
        return FileRecord(
            id: id, organization: .default, declaration: declaration, createdAt: SigningFixture.now,
            uploadExpiresAt: SigningFixture.now, status: .pending, urlsRevokedAt: urlsRevokedAt,
            expiresAt: seconds.map { SigningFixture.now.advanced(bySeconds: $0) })
    }

    /// The parameters of a URL, in no order.
    private static func parameters(_ url: String) -> Set<String> {
        guard let mark = url.firstIndex(of: "?") else { return [] }
        return Set(url[mark...].dropFirst().split(separator: "&").map { String($0) })
    }

    @Test(arguments: Self.downloads)
    func downloadURLIsBotocores(_ example: Case) throws {
        let fixture = try SigningFixture()
        let presigner = PresignedURL.Presigner(policy: fixture.policy, keyRing: fixture.keyRing)
        let record = try Self.record(example.filename, example.mediaType)
        let presigned = presigner.download(record, now: SigningFixture.now)
        let url = presigned.url.reveal()
        let expected = SigningFixture.target(parameters: example.query, signature: example.signature)
        #expect(url.hasPrefix("http://127.0.0.1:8081\(SigningFixture.downloadPath)?"))
        #expect(Self.parameters(url) == Self.parameters(expected))
        // 2026-03-20T12:30:00Z
        #expect(presigned.expiresAt == Timestamp(secondsSinceEpoch: 1_774_009_800))
        for method in ["GET", "HEAD"] {
            let target = String(url.dropFirst("http://127.0.0.1:8081".count))
            let grant = try fixture.verify(.head(method, target))
            #expect(grant.download?.contentType == example.mediaType)
        }
    }

    @Test
    func uploadURLIsBotocores() throws {
        let fixture = try SigningFixture()
        let presigner = PresignedURL.Presigner(policy: fixture.policy, keyRing: fixture.keyRing)
        let record = try Self.record("cat.png", "image/png")
        let presigned = presigner.upload(record, now: SigningFixture.now)
        let url = presigned.url.reveal()
        #expect(url.hasPrefix("http://127.0.0.1:8081\(SigningFixture.uploadPath)?"))
        #expect(Self.parameters(url) == Self.parameters(SigningFixture.upload))
        #expect(presigned.expiresAt == Timestamp(secondsSinceEpoch: 1_774_009_800))
        let target = String(url.dropFirst("http://127.0.0.1:8081".count))
        let request = ReceivedRequest.head("PUT", target, ["Content-Type": "image/png", "Content-Length": "4096"])
        let grant = try fixture.verify(request)
        #expect(grant.upload?.fileID == record.id)
    }

    // As SigningFixture's command, with `expires=60`.
    @Test
    func urlsOfAFileThatEndsAreBotocores() throws {
        let fixture = try SigningFixture()
        let presigner = PresignedURL.Presigner(policy: fixture.policy, keyRing: fixture.keyRing)
        let record = try Self.record("cat.png", "image/png", expiresAfter: 60)
        let download = presigner.download(record, now: SigningFixture.now)
        let downloadTarget = SigningFixture.target(
            parameters: Self.downloads[0].query, expires: "60",
            signature: "2e5a1033833862178faf3ffea5a06f2ba19fdd9b0bed86188f4df618281b8320")
        #expect(Self.parameters(download.url.reveal()) == Self.parameters(downloadTarget))
        let upload = presigner.upload(record, now: SigningFixture.now)
        let uploadTarget = SigningFixture.target(
            SigningFixture.uploadPath, expires: "60", headers: "content-length;content-type;host",
            signature: "e49bbf85b88d3db57966c52214bfb00028b119d20472c2d788737564bdf38823")
        #expect(Self.parameters(upload.url.reveal()) == Self.parameters(uploadTarget))
        // 2026-03-20T11:31:00Z
        let end = Timestamp(secondsSinceEpoch: 1_774_006_260)
        for presigned in [download, upload] { #expect(presigned.expiresAt == end) }
    }

    @Test(arguments: [(1, "1"), (3_599, "3599"), (3_600, "3600"), (3_601, "3600")] as [(Int64, String)])
    func urlLivesNoLongerThanItsFile(seconds: Int64, expires: String) throws {
        let fixture = try SigningFixture()
        let presigner = PresignedURL.Presigner(policy: fixture.policy, keyRing: fixture.keyRing)
        let presigned = presigner.download(
            try Self.record("cat.png", "image/png", expiresAfter: seconds), now: SigningFixture.now)
        #expect(Self.parameters(presigned.url.reveal()).contains("X-Amz-Expires=\(expires)"))
    }

    @Test
    func urlAfterARevocationLivesNoLongerThanItsFile() throws {
        let fixture = try SigningFixture()
        let presigner = PresignedURL.Presigner(policy: fixture.policy, keyRing: fixture.keyRing)
        // Dated a second ahead.
        let record = try Self.record("cat.png", "image/png", urlsRevokedAt: SigningFixture.now, expiresAfter: 60)
        let presigned = presigner.download(record, now: SigningFixture.now)
        let parameters = Self.parameters(presigned.url.reveal())
        #expect(parameters.contains("X-Amz-Date=20260320T113001Z"))
        #expect(parameters.contains("X-Amz-Expires=59"))
        #expect(presigned.expiresAt == Timestamp(secondsSinceEpoch: 1_774_006_260))
    }

    /// A name of 120 CJK characters, or of 255 emoji, would make a URL of thousands.
    @Test(arguments: [(120, "漢"), (255, "😀"), (255, "é")])
    func longNameIsLeftToTheRow(count: Int, character: String) throws {
        let fixture = try SigningFixture()
        let presigner = PresignedURL.Presigner(policy: fixture.policy, keyRing: fixture.keyRing)
        let name = String(repeating: character, count: count)
        let url = presigner.download(try Self.record(name, "image/png"), now: SigningFixture.now).url.reveal()
        #expect(url.count <= 1_500)
        #expect(!url.contains("response-content-disposition"))
        let grant = try fixture.verify(.head("GET", String(url.dropFirst("http://127.0.0.1:8081".count))))
        #expect(grant.download?.contentType == "image/png")
        #expect(grant.download?.contentDisposition == nil)
    }

    @Test
    func nameThatFitsIsInTheURL() throws {
        let fixture = try SigningFixture()
        let presigner = PresignedURL.Presigner(policy: fixture.policy, keyRing: fixture.keyRing)
        let name = String(repeating: "a", count: 255)
        let url = presigner.download(try Self.record(name, "image/png"), now: SigningFixture.now).url.reveal()
        #expect(url.count <= 1_500)
        #expect(url.contains("response-content-disposition"))
    }

    @Test
    func mintedURLIsNotPrinted() throws {
        let fixture = try SigningFixture()
        let presigner = PresignedURL.Presigner(policy: fixture.policy, keyRing: fixture.keyRing)
        let record = try Self.record("cat.png", "image/png")
        let presigned = presigner.download(record, now: SigningFixture.now)
        #expect(!"\(presigned)".contains("Signature"))
        #expect(!String(reflecting: presigned).contains("Signature"))
    }
}
