import CloakroomDomain
import Testing

/// What an upload is told that differs from its declaration: `image/png` of 4096 bytes, in a URL that botocore signed.
struct DeclaredUploadTests {
    enum Expectation: Sendable {
        case granted
        /// Refused for its type, with what arrived.
        case type(String?)
        /// Refused for its length, with what arrived.
        case length(Int64?)
        /// Refused because no file may be so large, with what arrived.
        case size(Int64)
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let fields: KeyValuePairs<String, String>
        let expectation: Expectation

        init(_ name: String, _ fields: KeyValuePairs<String, String>, _ expectation: Expectation) {
            self.name = name
            self.fields = fields
            self.expectation = expectation
        }

        var testDescription: String { self.name }
    }

    static let equivalents: [Case] = [
        Case("as declared", ["Content-Type": "image/png", "Content-Length": "4096"], .granted),
        Case("another case", ["Content-Type": "IMAGE/Png", "Content-Length": "4096"], .granted),
        Case("a charset", ["Content-Type": "image/png; charset=utf-8", "Content-Length": "4096"], .granted),
        Case("chunked", ["Content-Type": "image/png", "Transfer-Encoding": "chunked"], .granted),
        Case("chunked, another case", ["Content-Type": "Image/PNG", "Transfer-Encoding": "chunked"], .granted),
    ]

    static let differences: [Case] = [
        Case("another type", ["Content-Type": "image/jpeg", "Content-Length": "4096"], .type("image/jpeg")),
        Case("no type", ["Content-Length": "4096"], .type(nil)),
        Case("no media type", ["Content-Type": "png", "Content-Length": "4096"], .type("png")),
        Case("an empty type", ["Content-Type": "", "Content-Length": "4096"], .type("")),
        Case("a parameter", ["Content-Type": "image/png; q=1", "Content-Length": "4096"], .type("image/png; q=1")),
        Case("a byte less", ["Content-Type": "image/png", "Content-Length": "4095"], .length(4_095)),
        Case("a byte more", ["Content-Type": "image/png", "Content-Length": "4097"], .length(4_097)),
        Case("no bytes", ["Content-Type": "image/png", "Content-Length": "0"], .length(0)),
        Case("the limit", ["Content-Type": "image/png", "Content-Length": "104857600"], .length(104_857_600)),
        Case("over the limit", ["Content-Type": "image/png", "Content-Length": "104857601"], .size(104_857_601)),
        Case("a length that is none", ["Content-Type": "image/png", "Content-Length": "4k"], .length(nil)),
        Case("another case and length", ["Content-Type": "IMAGE/PNG", "Content-Length": "1"], .length(1)),
        Case("another type and length", ["Content-Type": "image/gif", "Content-Length": "1"], .type("image/gif")),
        Case("chunked, another type", ["Content-Type": "image/gif"], .type("image/gif")),
        Case("neither", [:], .type(nil)),
    ]

    @Test(arguments: Self.equivalents + Self.differences)
    func uploadIsHeldToItsDeclaration(_ example: Case) throws {
        let fixture = try SigningFixture()
        let declared = try SigningFixture.declaration()
        let request = ReceivedRequest.head("PUT", SigningFixture.upload, example.fields)
        switch example.expectation {
        case .granted:
            let grant = try fixture.verify(request, declared: declared)
            #expect(grant.upload?.fileID.description == SigningFixture.fileID)
        case .type(let received):
            let error = PresignedURLError.contentTypeMismatch(expected: declared.mediaType, received: received)
            #expect(throws: error) { try fixture.verify(request, declared: declared) }
        case .length(let received):
            let error = PresignedURLError.contentLengthMismatch(expected: declared.size, received: received)
            #expect(throws: error) { try fixture.verify(request, declared: declared) }
        case .size(let received):
            // The contract's largest size_bytes.
            let maximum = ByteCount(inMemory: 104_857_600)
            let error = PresignedURLError.contentTooLarge(maximum: maximum, received: received)
            #expect(throws: error) { try fixture.verify(request, declared: declared) }
        }
    }

    /// The declaration stands in for the two headers and for nothing else.
    @Test(arguments: ["019d0b0f", "113001Z", "Expires=3599", "8a615ceb46be0375"])
    func declarationExcusesNothingElse(change: String) throws {
        let fixture = try SigningFixture()
        let declared = try SigningFixture.declaration()
        let originals = [
            "019d0b0f": "019d0b0e", "113001Z": "113000Z", "Expires=3599": "Expires=3600",
            "8a615ceb46be0375": "8a615ceb46be0374",
        ]
        let original = try #require(originals[change])
        let target = SigningFixture.upload.replacing(original, with: change)
        try #require(target != SigningFixture.upload)
        let request = ReceivedRequest.head("PUT", target, ["Content-Type": "IMAGE/PNG", "Content-Length": "4096"])
        #expect(throws: PresignedURLError.signatureMismatch(nil)) { try fixture.verify(request, declared: declared) }
    }

    @Test
    func anotherDeclarationDoesNotVerify() throws {
        let fixture = try SigningFixture()
        let declared = try SigningFixture.declaration("image/gif")
        let request = ReceivedRequest.head(
            "PUT", SigningFixture.upload, ["Content-Type": "IMAGE/PNG", "Content-Length": "4096"])
        #expect(throws: PresignedURLError.signatureMismatch(nil)) { try fixture.verify(request, declared: declared) }
    }

    /// Runs of spaces are signed as one (`PUT … "Content-Type: text/plain;  format=flowed"` by SigningFixture's command),
    /// also where the declaration stands in.
    @Test(arguments: ["text/plain;  format=flowed", "text/plain; format=flowed", "TEXT/PLAIN;format=flowed"])
    func spacesInTheDeclaredTypeDoNotMatter(received: String) throws {
        let fixture = try SigningFixture()
        let declared = try SigningFixture.declaration("text/plain;  format=flowed")
        let target = SigningFixture.target(
            SigningFixture.uploadPath, headers: "content-length;content-type;host",
            signature: "226a8039b226dd87b479a2785c9c4e552363f2265bd17270a20210312f2f7835")
        let request = ReceivedRequest.head("PUT", target, ["Content-Type": received, "Content-Length": "4096"])
        let grant = try fixture.verify(request, declared: declared)
        #expect(grant.upload != nil)
    }
}
