import CloakroomCrypto
import CloakroomDomain
import Testing

/// Rule 17, and `x-amz-content-sha256` among the signed headers.
struct SignedPayloadTests {
    /// A PUT whose signature holds it to a payload hash.
    private static func upload(_ payload: String, signature: String) -> ReceivedRequest {
        let target = SigningFixture.target(
            SigningFixture.uploadPath, headers: "content-length;content-type;host;x-amz-content-sha256",
            signature: signature)
        return .head(
            "PUT", target,
            ["Content-Type": "image/png", "Content-Length": "4096", "x-amz-content-sha256": payload])
    }

    /// `PUT … "x-amz-content-sha256: e3b0c442…"` by SigningFixture's command.
    @Test
    func signedDigestIsHandedOn() throws {
        let fixture = try SigningFixture()
        let digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        let request = Self.upload(
            digest, signature: "b494f41d9b567c208d175d648687cf92c4beee44cd38ed7c82ea98a06104f18d")
        let grant = try fixture.verify(request)
        #expect(grant.upload?.signedPayload?.hexadecimal == digest)
    }

    @Test
    func anotherDigestThanTheSignedOneIsRefused() throws {
        let fixture = try SigningFixture()
        let request = Self.upload(
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            signature: "b494f41d9b567c208d175d648687cf92c4beee44cd38ed7c82ea98a06104f18d")
        #expect(throws: PresignedURLError.signatureMismatch(nil)) { try fixture.verify(request) }
    }

    /// `PUT … "x-amz-content-sha256: abc"` by SigningFixture's command.
    @Test
    func signedDigestThatIsNoneIsRefused() throws {
        let fixture = try SigningFixture()
        let request = Self.upload(
            "abc", signature: "047edc5c415b83d4023d5b450b2c9c03ba3817ccd2d5528dafdce79c9f484c35")
        #expect(throws: PresignedURLError.unsupportedParameter("x-amz-content-sha256")) { try fixture.verify(request) }
    }

    /// `PUT … "x-amz-content-sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD"` by SigningFixture's command.
    @Test
    func signedChunksAreRefused() throws {
        let fixture = try SigningFixture()
        let request = Self.upload(
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
            signature: "bbdf913c2dc1edd01d0cecaaba0ebdd407365f8a001ada0ed12cb96edb5c92d2")
        #expect(throws: PresignedURLError.streamingPayload) { try fixture.verify(request) }
    }

    @Test(arguments: ["aws-chunked", "AWS-Chunked", "gzip, aws-chunked", "aws-chunked,gzip"])
    func chunkedContentEncodingIsRefused(encoding: String) throws {
        let fixture = try SigningFixture()
        let request = ReceivedRequest.head(
            "PUT", SigningFixture.upload,
            ["Content-Type": "image/png", "Content-Length": "4096", "Content-Encoding": encoding])
        #expect(throws: PresignedURLError.streamingPayload) { try fixture.verify(request) }
    }

    /// `PUT … "x-amz-meta-a:   two   words "` by SigningFixture's command: botocore makes runs of spaces one.
    @Test(arguments: ["  two   words ", "two words", "two\twords"])
    func signedHeaderIsComparedInCanonicalForm(value: String) throws {
        let fixture = try SigningFixture()
        let target = SigningFixture.target(
            SigningFixture.uploadPath, headers: "content-length;content-type;host;x-amz-meta-a",
            signature: "2a312d8ccbe67ee4d725f47aae247ea2abceedad84cae68da4eea8b5e2d18988")
        let request = ReceivedRequest.head(
            "PUT", target, ["Content-Type": "image/png", "Content-Length": "4096", "x-amz-meta-a": value])
        let grant = try fixture.verify(request)
        #expect(grant.upload?.fileID.description == SigningFixture.fileID)
    }
}
