import CloakroomCrypto
import CloakroomDomain
import Testing

/// What tells one request from another.
struct IdempotentRequestTests {
    struct Case: Sendable {
        let operation: IdempotentRequest.Operation
        let sha256: String?
        let lifetime: Int64?
        let fingerprint: String
    }

    // By `printf 'request upload\na.png\nimage/png\n5\n' | sha256sum`, and so on: keys that are on record stay good.
    static let cases = [
        Case(
            operation: .requestUpload, sha256: nil, lifetime: nil,
            fingerprint: "31b67a72a91494be5f8a38031652be49c07bd57bbe2359b5b6e02582be2e0425"),
        Case(
            operation: .uploadFile, sha256: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
            lifetime: nil, fingerprint: "9797cb3b521a22b5da05a38c379605af03f7442025bfb27ae95f47d4d14d7cf4"),
        Case(
            operation: .requestUpload, sha256: nil, lifetime: 60,
            fingerprint: "1b67ebcae1df51df0716fa3d1921252df99e35f22f3691170887ceb5d1ae9b09"),
    ]

    @Test(arguments: Self.cases)
    func fingerprintIsTheDigestOfWhatIsAskedFor(_ example: Case) throws {
        let declaration = UploadDeclaration(
            filename: try Filename("a.png"), mediaType: try #require(MediaType("image/png")),
            size: try #require(ByteCount(5)), sha256: example.sha256.flatMap { SHA256Digest(hexadecimal: $0) })
        let request = IdempotentRequest(
            key: try #require(IdempotencyKey("k")), operation: example.operation, declaration: declaration,
            fileLifetime: example.lifetime.flatMap { FileLifetime(seconds: $0) })
        #expect(request.fingerprint.hexadecimal == example.fingerprint)
    }
}
