import Testing

@testable import CloakroomDomain

/// Rule 16: anything changed after signing, and what the answer says of it.
struct SignatureMismatchTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let method: String
        let target: String
        let host: String
        let mismatch: PresignedURLError.Mismatch?

        init(
            _ name: String, method: String = "GET", target: String = SigningFixture.download,
            host: String = "127.0.0.1:8081", mismatch: PresignedURLError.Mismatch? = nil
        ) {
            self.name = name
            self.method = method
            self.target = target
            self.host = host
            self.mismatch = mismatch
        }

        var testDescription: String { self.name }
    }

    private static func change(_ old: String, _ new: String) -> String {
        SigningFixture.download.replacing(old, with: new)
    }

    private static let signature = "f88902a8bdb6fff4fb75f736e618ce74063c2de862e0560b92d23457c33c1fc3"
    // As SigningFixture's command, with HEAD.
    private static let head = SigningFixture.target(
        signature: "8cc5a0e3016bd36065e60cd3aaf5349aa2c0cc200e25769b6b3959850500365b")
    // As SigningFixture's command, with http://localhost:8081.
    private static let localhost = SigningFixture.target(
        signature: "44e1b45613358f475789c7d25155e49553d5211b4de83b8946828ace0bb1a3db")
    // As SigningFixture's command, with the secret another-secret-of-forty-characters-------.
    private static let otherSecret = SigningFixture.target(
        signature: "d00594f76097ae453435bed28612155bce21c3e34033d8896f0e7049bbfb0cb1")

    static let changedURLs: [Case] = [
        Case("another file", target: Self.change("019d0b0e", "019d0b0f")),
        Case("another bucket", target: Self.change("/files/", "/uploads/")),
        Case("a slash more", target: Self.change("/files/", "/files//")),
        Case("a dot segment", target: Self.change("/files/", "/files/./")),
        Case("a slash at the end", target: Self.change("?X-Amz-A", "/?X-Amz-A")),
        Case("a shorter life", target: Self.change("=3600", "=3599")),
        Case("a later second", target: Self.change("113000Z", "113001Z")),
        Case("a parameter more", target: Self.change("?", "?response-content-type=text%2Fhtml&")),
        Case("an empty parameter more", target: Self.change("?", "?acl&")),
        Case("the second key's id", target: Self.change("CLKTESTKEY0123456789", "CLKSECONDKEY01234567")),
        Case("another secret", target: Self.otherSecret),
    ]

    static let changedSignatures: [Case] = [
        Case("the last digit", target: Self.change("1fc3", "1fc4")),
        Case("the first digit", target: Self.change("=f889", "=e889")),
        Case("upper-case digits", target: Self.change(Self.signature, Self.signature.uppercased())),
        Case("a digit less", target: Self.change("1fc3", "1fc")),
        Case("a digit more", target: Self.change("1fc3", "1fc30")),
        Case("no digits", target: Self.change(Self.signature, String(repeating: "g", count: 64))),
        Case("zeros", target: Self.change(Self.signature, String(repeating: "0", count: 64))),
        Case("one zero", target: Self.change(Self.signature, "0")),
    ]

    private static func method(_ expected: String, _ received: String) -> PresignedURLError.Mismatch {
        PresignedURLError.Mismatch(element: .method, expected: expected, received: received)
    }

    private static let host = PresignedURLError.Mismatch(
        element: .host, expected: "127.0.0.1:8081", received: "localhost:8081")

    static let explained: [Case] = [
        Case("POST", method: "POST", mismatch: Self.method("GET", "POST")),
        Case("DELETE", method: "DELETE", mismatch: Self.method("GET", "DELETE")),
        Case("get", method: "get", mismatch: Self.method("GET", "get")),
        Case("a HEAD URL never serves GET", target: Self.head, mismatch: Self.method("HEAD", "GET")),
        Case("a host not configured", target: Self.localhost, host: "LOCALHOST:8081", mismatch: Self.host),
        Case("a host that did not arrive", target: Self.localhost),
    ]

    @Test(arguments: Self.changedURLs + Self.changedSignatures + Self.explained)
    func changeIsRefused(_ example: Case) throws {
        let fixture = try SigningFixture()
        let request = ReceivedRequest.head(example.method, example.target, ["Host": example.host])
        #expect(throws: PresignedURLError.signatureMismatch(example.mismatch)) { try fixture.verify(request) }
    }

    @Test
    func uploadURLNeverServesReads() throws {
        let fixture = try SigningFixture()
        let bare = ReceivedRequest.head("GET", SigningFixture.upload)
        let dressed = ReceivedRequest.head(
            "GET", SigningFixture.upload,
            ["Host": "127.0.0.1:8081", "Content-Type": "image/png", "Content-Length": "4096"])
        #expect(throws: PresignedURLError.signatureMismatch(nil)) { try fixture.verify(bare) }
        #expect(throws: PresignedURLError.signatureMismatch(Self.method("PUT", "GET"))) { try fixture.verify(dressed) }
    }

    struct UploadCase: CustomTestStringConvertible, Sendable {
        let name: String
        let fields: KeyValuePairs<String, String>

        init(_ name: String, _ fields: KeyValuePairs<String, String>) {
            self.name = name
            self.fields = fields
        }

        var testDescription: String { self.name }
    }

    static let uploads: [UploadCase] = [
        UploadCase("another type", ["Content-Type": "image/jpeg", "Content-Length": "4096"]),
        UploadCase("a charset", ["Content-Type": "image/png; charset=utf-8", "Content-Length": "4096"]),
        UploadCase("another length", ["Content-Type": "image/png", "Content-Length": "4097"]),
        UploadCase("another spelling", ["Content-Type": "image/png", "Content-Length": "04096"]),
        UploadCase(
            "the type twice", ["Content-Type": "image/png", "Content-Type": "image/png", "Content-Length": "4096"]),
        UploadCase("no length", ["Content-Type": "image/png"]),
        UploadCase("no type", ["Content-Length": "4096"]),
        UploadCase("nothing", [:]),
    ]

    /// A listed header that differs or did not arrive, where nothing is known of what was declared.
    @Test(arguments: Self.uploads)
    func uploadWithOtherHeadersIsRefused(_ example: UploadCase) throws {
        let fixture = try SigningFixture()
        let request = ReceivedRequest.head("PUT", SigningFixture.upload, example.fields)
        #expect(throws: PresignedURLError.signatureMismatch(nil)) { try fixture.verify(request) }
    }
}
