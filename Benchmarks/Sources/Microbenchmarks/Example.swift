import CloakroomDomain

/// A signing key, a policy, a file and a moment.
struct Example {
    /// Something that the benchmark relies on is not so.
    struct Unexpected: Error {}

    private static let base = "http://127.0.0.1:8081"

    let now = Timestamp(secondsSinceEpoch: 1_774_000_000)
    let keyRing: KeyRing
    let policy: SigningPolicy
    let file: FileRecord

    init() throws {
        guard
            let key = SigningKey(
                accessKeyID: "CLKEXAMPLE0123456789", secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                createdAt: Timestamp(secondsSinceEpoch: 0)),
            let keyRing = KeyRing([key]), let url = StorageURL(Self.base), let limit = ByteCount(104_857_600)
        else { throw Unexpected() }
        self.keyRing = keyRing
        self.policy = SigningPolicy(region: "local", lifetimeSeconds: 3_600, baseURL: url, maximumSize: limit)
        self.file = try Self.file(number: 0, now: self.now)
    }

    /// A pending file.
    func file(number: Int) throws -> FileRecord { try Self.file(number: number, now: self.now) }

    private static func file(number: Int, now: Timestamp) throws -> FileRecord {
        guard let organization = OrganizationID("default"), let type = MediaType("image/png"),
            let size = ByteCount(2_048_000)
        else { throw Unexpected() }
        let declaration = UploadDeclaration(
            filename: try Filename("photo of a cat.png"), mediaType: type, size: size, sha256: nil)
        let milliseconds = UInt64(now.secondsSinceEpoch) * 1_000 + UInt64(number)
        return FileRecord(
            id: FileID(milliseconds: milliseconds, sequence: 0, random: UInt64(number) &* 0x9E37_79B9_7F4A_7C15),
            organization: organization, declaration: declaration, createdAt: now,
            uploadExpiresAt: now.advanced(bySeconds: 3_600), status: .pending)
    }

    /// The head of a GET as `requests` sends it.
    func head() throws -> [UInt8] {
        let target = try self.target()
        return Array(
            """
            GET \(target) HTTP/1.1\r
            Host: 127.0.0.1:8081\r
            User-Agent: python-requests/2.34.2\r
            Accept-Encoding: gzip, deflate\r
            Accept: */*\r
            Connection: keep-alive\r
            \r\n
            """.utf8)
    }

    private func target() throws -> Substring {
        let presigner = PresignedURL.Presigner(policy: self.policy, keyRing: self.keyRing)
        return presigner.download(self.file, now: self.now).url.reveal().dropFirst(Self.base.count)
    }

    /// The request of a GET, parsed.
    func request() throws -> ReceivedRequest {
        let target = try self.target()
        let bytes = Array("GET \(target) HTTP/1.1\r\nhost: 127.0.0.1:8081\r\n\r\n".utf8)
        let end = 4 + target.utf8.count
        let host = end + " HTTP/1.1\r\n".utf8.count
        let field = ReceivedRequest.Field(name: host..<(host + 4), value: (host + 6)..<(host + 20))
        return ReceivedRequest(bytes: bytes, method: 0..<3, target: 4..<end, fields: [field])
    }
}
