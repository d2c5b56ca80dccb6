import CloakroomDomain
import Testing

/// Rules 17 and 18, and paths that name no file: what botocore signed well and the service still refuses.
struct SignedButRefusedTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let method: String
        let path: String
        let parameters: String
        let signature: String
        let error: PresignedURLError

        init(
            _ method: String, _ path: String, _ parameters: String = "", signature: String, _ error: PresignedURLError
        ) {
            self.method = method
            self.path = path
            self.parameters = parameters
            self.signature = signature
            self.error = error
        }

        var testDescription: String { "\(self.method) \(self.path) \(self.parameters)" }
    }

    private static let id = SigningFixture.fileID

    // As SigningFixture's command, with the method, path and parameters of each row.
    static let parameters: [Case] = [
        Case(
            "GET", "/files/\(Self.id)", "versionId=null",
            signature: "06a84ffce8a21697b4ffc04ae8008658a392163c7c92c27513092262148a400c",
            .unsupportedParameter("versionId")),
        Case(
            "GET", "/files/\(Self.id)", "acl=",
            signature: "d0ea1def0870a56461526be685c33c51dfaddc4617724525574d66ee0b7b2d9e",
            .unsupportedParameter("acl")),
        Case(
            "GET", "/files/\(Self.id)", "response-content-disposition=inline%0D%0ASet-Cookie%3A%20a%3Db",
            signature: "dc47d75722a77d59aa83959b4f632b5bfcb9e3b3612759f92b3c9f8193be156c",
            .malformedResponseHeader("response-content-disposition")),
        Case(
            "GET", "/files/\(Self.id)", "response-content-type=text%2Fplain%00",
            signature: "87293079c47e2cd770d33b035b63b51d87ebcf436f541824a54bb95d33582a14",
            .malformedResponseHeader("response-content-type")),
    ]

    static let paths: [Case] = [
        Case(
            "GET", "/files/cat.png", signature: "434b6e8eb2d004675383f66d67c6618dbbc21c38c0979aaea77ad9746b2e7947",
            .noSuchKey),
        Case(
            "GET", "/files", signature: "5c8507afe8748717b450a3eb1d2881c5450994a12fc7e14f262d567f5503634e",
            .noSuchKey),
        Case(
            "GET", "/files/\(Self.id)/",
            signature: "a1683eba6e1b172ab383ee78788d6db6e91d936b527b92e3a450e6ad67ff11a6", .noSuchKey),
        Case(
            "GET", "/files/../files/\(Self.id)",
            signature: "b3bc61de7e668f3d0bb217d601bbab033e9ca1fe012ca09d77e85b016229d910", .noSuchKey),
        Case(
            "GET", "/files/file_019D0B0E-6f5c-7a3b-9c21-5d2f6c1b7e40",
            signature: "6332e2ddd8decd0a7f5fb6ab0a5f46bfdf776654a8ef368082ebd9f651aa4fd2", .noSuchKey),
        Case(
            "GET", "/other/\(Self.id)",
            signature: "f5ab42201a2c21cef3ff1e39ddff37a44fa6e0411e5f6910d0bc55c32c8a27ca", .noSuchKey),
        // The signature of /files/…: an encoded slash is a slash to the signature, and none to the path.
        Case(
            "GET", "/files%2F\(Self.id)",
            signature: "f88902a8bdb6fff4fb75f736e618ce74063c2de862e0560b92d23457c33c1fc3", .noSuchKey),
        Case(
            "GET", "/uploads/\(Self.id)",
            signature: "f26516f1e3486d87d55ddde4605139ec7846e8118f26447474c0130695130be6",
            .methodNotAllowed(allowed: ["PUT", "OPTIONS"])),
        Case(
            "POST", "/uploads/\(Self.id)",
            signature: "4e48a57b9bef02af1918c3053a46136881a314fe9542a31a25c1ce17db5627cb",
            .methodNotAllowed(allowed: ["PUT", "OPTIONS"])),
        Case(
            "DELETE", "/files/\(Self.id)",
            signature: "00c04efd253da56cce03941bce8dc0ffdebe837d21c452a87d25b32c56ec2db0",
            .methodNotAllowed(allowed: ["GET", "HEAD", "OPTIONS"])),
    ]

    @Test(arguments: Self.parameters + Self.paths)
    func signedRequestIsRefused(_ example: Case) throws {
        let fixture = try SigningFixture()
        let target = SigningFixture.target(
            example.path, parameters: example.parameters, signature: example.signature)
        let request = ReceivedRequest.head(example.method, target)
        #expect(throws: example.error) { try fixture.verify(request) }
    }

    @Test
    func signedUploadIntoFilesIsRefused() throws {
        let fixture = try SigningFixture()
        let target = SigningFixture.target(
            headers: "content-length;content-type;host",
            signature: "62ff3d348615f080c473bfd303733a08b7fbe10dfc368a92f7e3c76da3d74360")
        let request = ReceivedRequest.head("PUT", target, ["Content-Type": "image/png", "Content-Length": "4096"])
        let error = PresignedURLError.methodNotAllowed(allowed: ["GET", "HEAD", "OPTIONS"])
        #expect(throws: error) { try fixture.verify(request) }
    }

    @Test
    func partOfAMultipartUploadIsRefused() throws {
        let fixture = try SigningFixture()
        let target = SigningFixture.target(
            SigningFixture.uploadPath, parameters: "partNumber=1&uploadId=a",
            headers: "content-length;content-type;host",
            signature: "6a550b8ee0e24166862dee5d1b62cf48b5631c8cf0c5f2d3ba23c16a85545207")
        let request = ReceivedRequest.head("PUT", target, ["Content-Type": "image/png", "Content-Length": "4096"])
        #expect(throws: PresignedURLError.unsupportedParameter("partNumber")) { try fixture.verify(request) }
    }
}
