import Testing

@testable import CloakroomDomain

/// Media types against the grammar of RFC 9110 §8.3.1 and §5.6.6, and its examples.
struct MediaTypeTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let text: String
        let essence: String
        let parameters: [MediaType.Parameter]

        init(_ text: String, _ essence: String, _ parameters: KeyValuePairs<String, String> = [:]) {
            self.text = text
            self.essence = essence
            self.parameters = parameters.map { MediaType.Parameter(name: $0.key, value: $0.value) }
        }

        var testDescription: String { self.text }
    }

    static let accepted: [Case] = [
        Case("image/png", "image/png"),
        Case("IMAGE/PNG", "image/png"),
        Case(" image/png\t", "image/png"),
        Case("application/vnd.api+json", "application/vnd.api+json"),
        Case("haptics/ivs", "haptics/ivs"),
        // The four equivalent examples of RFC 9110 §8.3.1.
        Case("text/html;charset=utf-8", "text/html", ["charset": "utf-8"]),
        Case("Text/HTML;Charset=\"utf-8\"", "text/html", ["charset": "utf-8"]),
        Case("text/html; charset=\"utf-8\"", "text/html", ["charset": "utf-8"]),
        Case("text/html;charset=UTF-8", "text/html", ["charset": "UTF-8"]),
        Case("text/plain ; a=1 ;\tb=2", "text/plain", ["a": "1", "b": "2"]),
        Case("text/plain; a=\"x;y=\\\"z\\\\\"", "text/plain", ["a": "x;y=\"z\\"]),
        Case("text/plain; a=\"\"", "text/plain", ["a": ""]),
        // An empty parameter is allowed (RFC 9110 §5.6.6).
        Case("text/plain;", "text/plain"),
        Case("text/plain;; a=1;", "text/plain", ["a": "1"]),
    ]

    @Test(arguments: Self.accepted)
    func mediaTypeIsRead(_ example: Case) throws {
        let mediaType = try #require(MediaType(example.text))
        #expect(mediaType.essence == example.essence)
        #expect(mediaType.parameters == example.parameters)
    }

    @Test(arguments: [
        "", " ", "image", "image/", "/png", "/", "image/png/x", "image /png", "image/ png", "image//png", "*/*",
        "foo/bar", "x-foo/bar", "chemical/x-pdb", "image\\png", "image/png,image/gif", "image/png image/gif",
        "text/plain; charset", "text/plain; charset=", "text/plain; =utf-8", "text/plain; charset =utf-8",
        "text/plain; charset= utf-8", "text/plain; charset=\"utf-8", "text/plain; charset=utf-8\"",
        "text/plain; charset=\"a\"b", "text/plain charset=utf-8", "text/plain\r\nX: y", "text/plain\u{0}",
        "text/plain; a=\"\n\"", "text/plaïn", "text/plain; a=é", "text/\(String(repeating: "a", count: 251))",
    ])
    func anythingElseIsRefused(text: String) {
        let mediaType = MediaType(text)
        #expect(mediaType == nil)
    }

    struct AcceptanceCase: CustomTestStringConvertible, Sendable {
        let declared: String
        let received: String
        let isAccepted: Bool

        init(_ declared: String, _ received: String, _ isAccepted: Bool) {
            self.declared = declared
            self.received = received
            self.isAccepted = isAccepted
        }

        var testDescription: String { "\(self.declared) ← \(self.received)" }
    }

    /// The contract: the same type in another case, or with an added `charset`.
    static let acceptances: [AcceptanceCase] = [
        AcceptanceCase("image/png", "image/png", true),
        AcceptanceCase("image/png", "Image/PNG", true),
        AcceptanceCase("IMAGE/PNG", "image/png", true),
        AcceptanceCase("text/plain", "text/plain; charset=utf-8", true),
        AcceptanceCase("text/plain;charset=utf-8", "text/plain; charset=\"UTF-8\"", true),
        AcceptanceCase("text/plain;format=flowed;delsp=yes", "text/plain; delsp=yes; format=flowed", true),
        AcceptanceCase("text/plain;format=flowed", "text/plain; format=flowed; charset=utf-8", true),
        AcceptanceCase("image/png", "image/jpeg", false),
        AcceptanceCase("image/png", "video/png", false),
        AcceptanceCase("image/png", "application/octet-stream", false),
        AcceptanceCase("application/octet-stream", "image/png", false),
        AcceptanceCase("text/plain;charset=utf-8", "text/plain", false),
        AcceptanceCase("text/plain;charset=utf-8", "text/plain;charset=latin1", false),
        AcceptanceCase("text/plain", "text/plain;format=flowed", false),
        AcceptanceCase("text/plain;format=flowed", "text/plain", false),
        AcceptanceCase("text/plain;format=flowed", "text/plain;format=fixed", false),
    ]

    @Test(arguments: Self.acceptances)
    func onlyAnEquivalentTypeIsAccepted(_ example: AcceptanceCase) throws {
        let declared = try #require(MediaType(example.declared))
        let received = try #require(MediaType(example.received))
        let isAccepted = declared.accepts(received)
        #expect(isAccepted == example.isAccepted)
    }
}
