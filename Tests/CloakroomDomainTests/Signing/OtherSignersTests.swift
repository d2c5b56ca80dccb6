import CloakroomDomain
import Testing

/// What SDKs add to a query (rule 18), by the command of ``SigningFixture`` with the parameters of each row.
struct OtherSignersTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let parameters: String
        let signature: String

        init(_ parameters: String, signature: String) {
            self.parameters = parameters
            self.signature = signature
        }

        var testDescription: String { self.parameters.isEmpty ? "no other parameter" : self.parameters }
    }

    static let withoutEffect: [Case] = [
        // JS v3, PHP and Go: https://github.com/aws/aws-sdk-js-v3/issues/5465, …/6994
        Case(
            "X-Amz-Content-Sha256=UNSIGNED-PAYLOAD&x-amz-checksum-mode=ENABLED&x-id=GetObject",
            signature: "f2c7514ad3344012e72b015747b633633ef42ab39262f2bd276b83d9bdad012f"),
        Case(
            "x-amz-content-sha256=UNSIGNED-PAYLOAD",
            signature: "d720f447d5562c7cff4bd799d2a08556a4c1ea7eefdd076a7d8f88473aa97640"),
        Case(
            "X-Amz-User-Agent=aws-sdk-js%2F3.700.0",
            signature: "bbef020de717e07b45a67bb99c4869610735dff9a59a3b96d951e923d214b3c8"),
        Case(
            "X-AMZ-Checksum-Mode=ENABLED&x-amz-user-agent=a",
            signature: "f163f1ce95de1798dd52fb5c50d48b8380c752e19ba5868ec3217c1bdfd4c5f5"),
    ]

    @Test(arguments: Self.withoutEffect)
    func parameterOfAnSDKHasNoEffect(_ example: Case) throws {
        let target = SigningFixture.target(parameters: example.parameters, signature: example.signature)
        let grant = try SigningFixture().verify(.head("GET", target))
        let download = try #require(grant.download)
        #expect(download.contentType == nil)
        #expect(download.contentDisposition == nil)
    }

    @Test
    func responseParametersAreGranted() throws {
        let target = SigningFixture.target(
            parameters: """
                response-content-language=de-DE&response-expires=Fri%2C%2020%20Mar%202026%2012%3A00%3A00%20GMT
                """,
            signature: "8a6599566ebd26fa8e8cf902035bd55c467d7cfb5d8c6f53ea6522e42500d679")
        let grant = try SigningFixture().verify(.head("GET", target))
        #expect(grant.download?.contentLanguage == "de-DE")
        #expect(grant.download?.expires == "Fri, 20 Mar 2026 12:00:00 GMT")
    }

    static let rejected: [(Case, PresignedURLError)] = [
        (
            Case(
                "X-Amz-Content-Sha256=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                signature: "20771706a9f6b5760f5487a47533d1f50948a5120cb9efd9a6cffedb40e97b37"),
            .unsupportedParameter("X-Amz-Content-Sha256")
        ),
        (
            Case(
                "X-Amz-Content-Sha256=UNSIGNED-PAYLOAD&x-amz-content-sha256=UNSIGNED-PAYLOAD",
                signature: "6fa26be100f42349a687866898bfa23c8eab40b93b7e435f3d8b312e22e3a14d"),
            .repeatedParameter("X-Amz-Content-Sha256")
        ),
        (
            Case(
                "x-amz-acl=public-read", signature: "f64085e51667adf0233e417161178a5b64a64ff9e771adbf4895a339594887ec"),
            .unsupportedParameter("x-amz-acl")
        ),
        (
            Case(
                "response-content-encoding=gzip",
                signature: "b16593cfdca33cdcd3425fd1a3ed683fa3b30dc04b5f76b6b6dfd15627803c61"),
            .unsupportedParameter("response-content-encoding")
        ),
        (
            Case(
                "response-content-language=de%0A",
                signature: "4d1303609f519b2ee02e0d8d38b18e08bac8979ce51f05f375021971a4aaea50"),
            .malformedResponseHeader("response-content-language")
        ),
    ]

    @Test(arguments: Self.rejected)
    func otherParameterIsRejected(_ example: Case, _ error: PresignedURLError) throws {
        let fixture = try SigningFixture()
        let target = SigningFixture.target(parameters: example.parameters, signature: example.signature)
        #expect(throws: error) { try fixture.verify(.head("GET", target)) }
    }

    // MARK: Uploads

    private static func upload(_ example: Case, _ fields: KeyValuePairs<String, String>) throws -> UploadGrant? {
        let target = SigningFixture.target(
            SigningFixture.uploadPath, parameters: example.parameters, signature: example.signature)
        return try SigningFixture().verify(.head("PUT", target, fields)).upload
    }

    private static let hostOnly = Case(
        "", signature: "e9a4a992e9ecb17f0587344588123556b83de55de3e808d637d2880f407d5e01")

    /// boto3 and minio-py sign `host` alone: the file's row says which type and length there have to be.
    @Test
    func typeAndLengthNeedNotBeSigned() throws {
        #expect(try Self.upload(Self.hostOnly, [:])?.fileID.description == SigningFixture.fileID)
        let fields: KeyValuePairs = ["Content-Type": "text/html", "Content-Length": "1"]
        #expect(try Self.upload(Self.hostOnly, fields)?.fileID.description == SigningFixture.fileID)
    }

    static let ofEmptyBody: [Case] = [
        Case(
            """
            X-Amz-Content-Sha256=UNSIGNED-PAYLOAD&x-amz-checksum-crc32=AAAAAA%3D%3D\
            &x-amz-sdk-checksum-algorithm=CRC32&x-id=PutObject
            """, signature: "c3c955984dba1dab7e7331e35fde76ca895403cddec4a97ec59f8a2d0acd9e54"),
        Case(
            "x-amz-checksum-sha256=47DEQpj8HBSa%2B%2FTImW%2B5JCeuQeRkm5NMpJWZG3hSuFU%3D",
            signature: "95db3806f8260357094b91ff1f37acbc18b5d36e8726147a600a5d959a4d2a56"),
        Case(
            "x-amz-checksum-sha1=2jmj7l5rSw0yVb%2FvlWAYkK%2FYBwk%3D",
            signature: "b10c043db9e84b7ee030d2debb0ed7cd19c647416368ba4cbc33531e5e8f937e"),
        Case(
            "x-amz-checksum-crc64nvme=AAAAAAAAAAA%3D",
            signature: "aebd2c8d1917e3cee128d1031d00a30b5ce0471b9d558cf21fa69c3a3fdcda53"),
    ]

    /// JS v3 signs the checksum of the empty body, in the algorithm it was told, since it does not know the real one.
    @Test(arguments: Self.ofEmptyBody)
    func checksumOfTheEmptyBodyHasNoEffect(_ example: Case) throws {
        let grant = try #require(try Self.upload(example, [:]))
        #expect(grant.signedChecksums.isEmpty)
    }

    /// JS v2 moves the type into the query (<https://github.com/aws/aws-sdk-js>, lib/signers/presign.js).
    @Test
    func typeInTheQueryHasNoEffect() throws {
        let example = Case(
            "Content-Type=image%2Fpng", signature: "9d14088236ed5f2a7f8a77de55ccc62a0dadad5051c6fbddda0e2945c9473c60")
        #expect(try Self.upload(example, [:])?.fileID.description == SigningFixture.fileID)
    }

    static let checksums: [(Case, String, [UInt8])] = [
        (
            // The SHA-256 of "hello", by `openssl dgst`.
            Case(
                "x-amz-checksum-sha256=LPJNul%2Bwow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ%3D",
                signature: "469252b5b4c2a8e82a67698ede142b88193f66073f2f1d2b238b08bf4c9de036"),
            "x-amz-checksum-sha256",
            [
                0x2C, 0xF2, 0x4D, 0xBA, 0x5F, 0xB0, 0xA3, 0x0E, 0x26, 0xE8, 0x3B, 0x2A, 0xC5, 0xB9, 0xE2, 0x9E, 0x1B,
                0x16, 0x1E, 0x5C, 0x1F, 0xA7, 0x42, 0x5E, 0x73, 0x04, 0x33, 0x62, 0x93, 0x8B, 0x98, 0x24,
            ]
        ),
        (
            Case(
                "X-Amz-Checksum-Crc32c=yZRlqg%3D%3D",
                signature: "2c32780f7aa34a668d6bfdd74ba12fd17a1f8628c8414f3b1f71aed9eb87d391"),
            "x-amz-checksum-crc32c", [0xC9, 0x94, 0x65, 0xAA]
        ),
    ]

    @Test(arguments: Self.checksums)
    func checksumInTheQueryBindsTheBody(_ example: Case, _ field: String, _ digest: [UInt8]) throws {
        let grant = try #require(try Self.upload(example, [:]))
        #expect(grant.signedChecksums.map(\.field) == [field])
        #expect(grant.signedChecksums.map(\.value) == [digest])
    }

    @Test
    func malformedChecksumIsRejected() throws {
        let example = Case(
            "x-amz-checksum-crc32=AAAA", signature: "15dea50b5da047f3f7311bcba7a7f37477392646384254e744af9d8ecd9736c7")
        let error = PresignedURLError.unsupportedParameter("x-amz-checksum-crc32")
        #expect(throws: error) { try Self.upload(example, [:]) }
    }

    @Test
    func uploadSessionOfS3IsRejected() throws {
        let example = Case("uploadId=a", signature: "43a9d18bccceb8a402796e3fab64e6ef16ca999100d02d77b5b257550cb6b547")
        #expect(throws: PresignedURLError.unsupportedParameter("uploadId")) { try Self.upload(example, [:]) }
    }
}
