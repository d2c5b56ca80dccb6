import CloakroomDomain
import Testing

/// Two live keys, a policy and a clock, and the URLs that botocore signs with them.
///
/// Each signature in these tests was computed by botocore 1.43, with the arguments of its row, by
/// ```
/// python3 - GET /files/file_019d0b0e-6f5c-7a3b-9c21-5d2f6c1b7e40 <<'PY'
/// import datetime, sys, botocore.auth, botocore.awsrequest, botocore.credentials
/// botocore.auth.get_current_datetime = lambda *_, **__: datetime.datetime(2026, 3, 20, 11, 30)
/// method, target, *fields = sys.argv[1:]
/// headers = dict(field.split(": ", 1) for field in fields)
/// request = botocore.awsrequest.AWSRequest(method, "http://127.0.0.1:8081" + target, headers=headers)
/// key = botocore.credentials.Credentials("CLKTESTKEY0123456789", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
/// botocore.auth.S3SigV4QueryAuth(key, "s3", "local", expires=3600).add_auth(request)
/// print(request.url)
/// PY
/// ```
struct SigningFixture {
    static let fileID = "file_019d0b0e-6f5c-7a3b-9c21-5d2f6c1b7e40"
    static let downloadPath = "/files/\(Self.fileID)"
    static let uploadPath = "/uploads/\(Self.fileID)"
    static let accessKeyID = "CLKTESTKEY0123456789"
    static let secondAccessKeyID = "CLKSECONDKEY01234567"
    /// 2026-03-20T11:30:00Z, when every URL was signed.
    static let now = Timestamp(secondsSinceEpoch: 1_774_006_200)

    /// `GET /files/…`, as botocore signs it.
    static let download = Self.target(signature: "f88902a8bdb6fff4fb75f736e618ce74063c2de862e0560b92d23457c33c1fc3")
    /// `PUT /uploads/… "Content-Type: image/png" "Content-Length: 4096"`, as botocore signs it.
    static let upload = Self.target(
        Self.uploadPath, headers: "content-length;content-type;host",
        signature: "8a615ceb46be0374c548b5fea4a9466b06d6bae1fc2d5cfb374dded9352f63c0")

    let policy: SigningPolicy
    let keyRing: KeyRing

    init(lifetimeSeconds: Int64 = 3_600) throws {
        let first = try #require(
            SigningKey(
                accessKeyID: Self.accessKeyID, secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                createdAt: Self.now))
        let second = try #require(
            SigningKey(
                accessKeyID: Self.secondAccessKeyID, secret: "second-secret-of-thirty-two-chars",
                createdAt: Self.now))
        self.keyRing = try #require(KeyRing([first, second]))
        let baseURL = try #require(StorageURL("http://127.0.0.1:8081"))
        let otherBaseURL = try #require(StorageURL("https://storage.example.com"))
        self.policy = SigningPolicy(
            region: "local", lifetimeSeconds: lifetimeSeconds, baseURL: baseURL, otherBaseURLs: [otherBaseURL],
            maximumSize: .defaultMaximumFileSize)
    }

    /// Puts a target together in botocore's order: the caller's parameters, then the six.
    static func target(
        _ path: String = Self.downloadPath, parameters: String = "", accessKeyID: String = Self.accessKeyID,
        expires: String = "3600", headers: String = "host", signature: String
    ) -> String {
        let others = parameters.isEmpty ? "" : "\(parameters)&"
        let signedHeaders = headers.split(separator: ";").joined(separator: "%3B")
        return """
            \(path)?\(others)X-Amz-Algorithm=AWS4-HMAC-SHA256\
            &X-Amz-Credential=\(accessKeyID)%2F20260320%2Flocal%2Fs3%2Faws4_request\
            &X-Amz-Date=20260320T113000Z&X-Amz-Expires=\(expires)&X-Amz-SignedHeaders=\(signedHeaders)\
            &X-Amz-Signature=\(signature)
            """
    }

    func verify(
        _ request: ReceivedRequest, at now: Timestamp = SigningFixture.now, declared: UploadDeclaration? = nil
    ) throws -> Grant {
        try Verifier(policy: self.policy).verify(request, keyRing: self.keyRing, now: now, declared: declared)
    }

    /// `cat.png`, 4096 bytes of `image/png`.
    static func declaration(_ mediaType: String = "image/png") throws -> UploadDeclaration {
        let type = try #require(MediaType(mediaType))
        let size = try #require(ByteCount(4_096))
        return UploadDeclaration(filename: try Filename("cat.png"), mediaType: type, size: size, sha256: nil)
    }
}
