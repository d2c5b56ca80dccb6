import CloakroomCrypto
import CloakroomDomain
import Testing

@testable import CloakroomClient

/// How values and errors print in a program's output: readable, and without presigned URLs, which are secrets.
struct DescriptionTests {
    /// NIST's digest of `abc` (FIPS 180-4 examples).
    private static let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    private static let id = "file_01a1fa8d-56a2-7000-9ff0-f481e3338277"
    private static let url = "http://127.0.0.1:8081/files/\(Self.id)?X-Amz-Date=20260320T113000Z&X-Amz-Signature=5ecret"
    private static let redacted = "http://127.0.0.1:8081/files/\(Self.id)?<redacted>"
    /// 2026-03-20T11:30:00Z, by `date -u -d @1774006200`.
    private static let time = Timestamp(secondsSinceEpoch: 1_774_006_200)
    private static let png = MediaType("image/png") ?? .octetStream
    private static let size = ByteCount(inMemory: 3)

    @Test func filePrintsItsProperties() throws {
        let file = FileMetadata(
            id: try #require(FileID(Self.id)), filename: try Filename("cat.png"), mediaType: Self.png, size: Self.size,
            status: .pending, sha256: nil, createdAt: Self.time, uploadedAt: nil, expiresAt: nil)
        #expect("\(file)" == "\(Self.id) cat.png (image/png, 3 bytes, pending)")
        let uploaded = UploadedFile(
            id: file.id, filename: file.filename, mediaType: file.mediaType, size: file.size,
            sha256: try #require(SHA256Digest(hexadecimal: Self.abc)))
        #expect("\(uploaded)" == "\(Self.id) cat.png (image/png, 3 bytes, sha256 \(Self.abc))")
    }

    @Test func keyPrintsItsPermissions() throws {
        let key = APIKeyDescription(
            id: try #require(APIKeyID("key_0123456789abcdef")), name: "", prefix: "sk_01234567",
            permissions: [.filesWrite, .filesRead], createdAt: Self.time, lastUsedAt: nil, expiresAt: nil,
            revokedAt: nil)
        #expect("\(key)" == "key_0123456789abcdef - (files:read, files:write)")
    }

    @Test func presignedURLsPrintRedacted() throws {
        let id = try #require(FileID(Self.id))
        let link = DownloadLink(url: Self.url, expiresAt: Self.time, mediaType: Self.png, size: Self.size)
        #expect("\(link)" == "\(Self.redacted) (image/png, 3 bytes, expires 2026-03-20T11:30:00Z)")
        let ticket = UploadTicket(id: id, url: Self.url, expiresAt: Self.time, fields: [:])
        #expect("\(ticket)" == "\(Self.redacted) (expires 2026-03-20T11:30:00Z)")
        let file = ResolvedFile(
            url: Self.url, expiresAt: Self.time, filename: try Filename("cat.png"), mediaType: Self.png,
            size: Self.size, sha256: try #require(SHA256Digest(hexadecimal: Self.abc)), pointers: [])
        #expect("\(file)" == "cat.png (image/png, 3 bytes) \(Self.redacted)")
        let input = ResolvedInput(json: Array("[1]".utf8), files: [id: file])
        #expect("\(input)" == "3 bytes of JSON with \(Self.id)")
        for value in [link, ticket, file, input] as [Any] {
            var dumped = ""
            dump([value], to: &dumped)
            let texts = ["\(value)", String(reflecting: value), "\([value])", dumped]
            #expect(texts.allSatisfy { !$0.contains("5ecret") })
        }
    }

    @Test(arguments: [
        ("http://h/files/x", "http://h/files/x"), ("http://h/files/x?a=1", "http://h/files/x?<redacted>"),
        ("http://h/files/x?", "http://h/files/x?<redacted>"), ("", ""),
    ])
    func queryIsRedacted(url: String, text: String) {
        #expect("\(RedactedURL(url))" == text)
    }

    private static let errors: [(CloakroomError, String)] = [
        (
            .service(ServiceError(code: "FILE_NOT_FOUND", status: 404, message: "No file.", requestID: "r1")),
            "FILE_NOT_FOUND: No file. (request r1)"
        ),
        (.connection("connection refused"), "The connection to the service failed: connection refused"),
        (.invalidResponse("no body"), "The response of the service is invalid: no body"),
        (.file(path: "cat.png", reason: "the file does not exist"), "cat.png: the file does not exist"),
        (.damaged("The digest differs."), "The digest differs."),
        (.cancelled, "The call was cancelled"),
    ]

    @Test(arguments: errors)
    func errorPrintsInWords(error: CloakroomError, text: String) {
        #expect("\(error)" == text)
        #expect("\(error as any Error)" == text)
        // What Swift writes of an error that a program does not catch.
        #expect(String(reflecting: error) == text)
    }
}
