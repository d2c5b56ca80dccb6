import CloakroomDomain

/// A key ring, a policy and a clock, and a URL of each kind that the ring's key signed.
struct PresignedFixture {
    /// Made once; `nil` were a part of it not valid.
    static let shared = PresignedFixture()

    private static let base = "http://127.0.0.1:8081"
    /// 2026-03-20T11:30:00Z, when every URL of the corpora was signed.
    static let now = Timestamp(secondsSinceEpoch: 1_774_006_200)

    let policy: SigningPolicy
    /// Signed ``download`` and ``upload``.
    let keyRing: KeyRing
    /// Has the ids of the keys that signed the corpora's URLs, and other secrets.
    let strangers: KeyRing
    let file: FileRecord
    let download: PlainRequest
    let upload: PlainRequest

    private init?() {
        guard let baseURL = StorageURL(Self.base), let otherBaseURL = StorageURL("https://storage.example.com"),
            let keyRing = Self.keyRing(secret: "the-secret-of-the-fixture's-own-key"),
            let strangers = Self.keyRing(secret: "a-secret-that-has-signed-nothing"), let file = Self.file()
        else { return nil }
        self.policy = SigningPolicy(
            region: "local", lifetimeSeconds: 3_600, baseURL: baseURL, otherBaseURLs: [otherBaseURL],
            maximumSize: .defaultMaximumFileSize)
        self.keyRing = keyRing
        self.strangers = strangers
        self.file = file
        let presigner = PresignedURL.Presigner(policy: self.policy, keyRing: keyRing)
        let download = presigner.download(file, now: Self.now).url.reveal()
        self.download = PlainRequest(
            method: "GET", target: String(download.dropFirst(Self.base.count)), fields: ["host": "127.0.0.1:8081"])
        let upload = presigner.upload(file, now: Self.now).url.reveal()
        self.upload = PlainRequest(
            method: "PUT", target: String(upload.dropFirst(Self.base.count)),
            fields: ["content-length": "4096", "content-type": "image/png", "host": "127.0.0.1:8081"])
    }

    private static func keyRing(secret: String) -> KeyRing? {
        let keys = ["CLKTESTKEY0123456789", "CLKSECONDKEY01234567", "AKIAIOSFODNN7EXAMPLE"].compactMap { id in
            SigningKey(accessKeyID: id, secret: secret, createdAt: self.now)
        }
        return keys.count == 3 ? KeyRing(keys) : nil
    }

    private static func file() -> FileRecord? {
        guard let id = FileID("file_019d0b0e-6f5c-7a3b-9c21-5d2f6c1b7e40"), let size = ByteCount(4_096),
            let organization = OrganizationID("default"), let mediaType = MediaType("image/png"),
            let filename = try? Filename("a photo of a café.png")
        else { return nil }
        return FileRecord(
            id: id, organization: organization,
            declaration: UploadDeclaration(filename: filename, mediaType: mediaType, size: size, sha256: nil),
            createdAt: self.now, uploadExpiresAt: self.now.advanced(bySeconds: 3_600), status: .pending)
    }

    /// Verifies a request at ``now``.
    func verify(
        _ request: PlainRequest, keyRing: KeyRing, declared: UploadDeclaration? = nil
    ) -> Result<Grant, PresignedURLError> {
        let verifier = Verifier(policy: self.policy)
        do throws(PresignedURLError) {
            return .success(
                try verifier.verify(request.received, keyRing: keyRing, now: Self.now, declared: declared))
        } catch {
            return .failure(error)
        }
    }
}
