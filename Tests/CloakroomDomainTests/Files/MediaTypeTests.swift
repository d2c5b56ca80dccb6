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
        // What MediaRecorder calls its recordings, and RFC 6381's quoted form.
        Case("video/webm;codecs=vp8,opus", "video/webm", ["codecs": "vp8,opus"]),
        Case("video/webm;codecs=\"vp8,opus\"", "video/webm", ["codecs": "vp8,opus"]),
        Case("video/x-matroska;codecs=avc1", "video/x-matroska", ["codecs": "avc1"]),
        Case("audio/webm;codecs=opus", "audio/webm", ["codecs": "opus"]),
        Case("VIDEO/MP4;CODECS=avc1.42E01E,mp4a.40.2", "video/mp4", ["codecs": "avc1.42E01E,mp4a.40.2"]),
        Case("video/mp4; codecs=avc1.42E01E , mp4a.40.2", "video/mp4", ["codecs": "avc1.42E01E , mp4a.40.2"]),
        Case("video/webm;codecs=vp9,opus;a=1", "video/webm", ["codecs": "vp9,opus", "a": "1"]),
        // Names of molecules that Debian's list of media types has.
        Case("chemical/x-pdb", "chemical/x-pdb"),
        Case("CHEMICAL/X-MDL-SDFILE", "chemical/x-mdl-sdfile"),
        // S3's name for application/octet-stream.
        Case("binary/octet-stream", "application/octet-stream"),
        Case("Binary/Octet-Stream", "application/octet-stream"),
    ]

    struct TextCase: CustomTestStringConvertible, Sendable {
        let text: String
        let kept: String

        init(_ text: String, _ kept: String) {
            self.text = text
            self.kept = kept
        }

        var testDescription: String { self.text }
    }

    /// What is signed and served: a comma outside quotation marks separates two types to a browser.
    static let texts: [TextCase] = [
        TextCase("Image/PNG", "Image/PNG"),
        TextCase(" image/png\t", "image/png"),
        TextCase("text/plain;charset=utf-8;", "text/plain;charset=utf-8"),
        TextCase("text/plain\t;\ta=\"x\ty\"", "text/plain ; a=\"x y\""),
        TextCase("binary/octet-stream", "binary/octet-stream"),
        TextCase("video/webm;codecs=vp8,opus", "video/webm;codecs=\"vp8,opus\""),
        TextCase("video/webm;codecs=\"vp8,opus\"", "video/webm;codecs=\"vp8,opus\""),
        TextCase("video/webm; codecs=vp8, opus ; a=b", "video/webm; codecs=\"vp8, opus\" ; a=b"),
        TextCase("Video/MP4;Codecs=avc1.42E01E,mp4a.40.2", "Video/MP4;Codecs=\"avc1.42E01E,mp4a.40.2\""),
        TextCase("text/x;c=d,e", "text/x;c=\"d,e\""),
    ]

    @Test(arguments: Self.texts)
    func textIsKeptWithoutBareCommasAndTabs(_ example: TextCase) throws {
        let mediaType = try #require(MediaType(example.text))
        #expect(mediaType.text == example.kept)
        #expect(mediaType.description == example.kept)
        #expect(MediaType(example.kept) == mediaType)
    }

    @Test(arguments: ["application/octet-stream", "APPLICATION/octet-stream;a=b", "binary/octet-stream"])
    func genericTypeIsGenericByEachName(text: String) throws {
        let mediaType = try #require(MediaType(text))
        #expect(mediaType.isGeneric)
        #expect(mediaType.topLevelType == "application")
    }

    @Test(arguments: Self.accepted)
    func mediaTypeIsRead(_ example: Case) throws {
        let mediaType = try #require(MediaType(example.text))
        #expect(mediaType.essence == example.essence)
        #expect(mediaType.parameters == example.parameters)
    }

    @Test(arguments: [
        "", " ", "image", "image/", "/png", "/", "image/png/x", "image /png", "image/ png", "image//png", "*/*",
        "foo/bar", "x-foo/bar", "image\\png", "image/png,image/gif", "image/png image/gif",
        "text/plain; charset", "text/plain; charset=", "text/plain; =utf-8", "text/plain; charset =utf-8",
        "text/plain; charset= utf-8", "text/plain; charset=\"utf-8", "text/plain; charset=utf-8\"",
        "text/plain; charset=\"a\"b", "text/plain charset=utf-8", "text/plain\r\nX: y", "text/plain\u{0}",
        // Not what Debian's list has, and what others have under top-level types that nobody registered.
        "chemical/x-nonsense", "chemical/", "chemical/*", "binary/x", "binary/octet-streams", "x-world/x-vrml",
        "x-conference/x-cooltalk", "inode/x-empty", "x-content/video-dvd", "zz-application/zz-winassoc-xls",
        "music/midi", "jsonl", "image/*", "; charset=binary",
        // Two types to a browser, and lists that are none.
        "text/plain;charset=utf-8,text/html", "text/plain;charset=utf-8, text/html",
        "video/webm;codecs=vp8,video/mp4",
        "video/webm,video/mp4;codecs=vp8", "video/webm;codecs=vp8,", "video/webm;codecs=,vp8",
        "video/webm;codecs=vp8,,opus", "video/webm;codecs=vp8 opus", "video/webm;codecs=\"vp8\",opus",
        "video/webm;codecs=vp8,\"opus\"",
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
        // S3's default is another name of the same type.
        AcceptanceCase("application/octet-stream", "binary/octet-stream", true),
        AcceptanceCase("binary/octet-stream", "application/octet-stream", true),
        AcceptanceCase("binary/octet-stream", "Binary/Octet-Stream", true),
        AcceptanceCase("binary/octet-stream", "image/png", false),
        AcceptanceCase("image/png", "binary/octet-stream", false),
        // A Blob writes its type in lower case (nodejs/node#42266).
        AcceptanceCase("video/mp4;codecs=avc1.42E01E,mp4a.40.2", "video/mp4;codecs=\"avc1.42e01e, mp4a.40.2\"", true),
        AcceptanceCase("video/webm;codecs=\"vp8,opus\"", "video/webm;codecs=vp8,opus", true),
        AcceptanceCase("video/webm; codecs=\"vp8 , opus\"", "VIDEO/WEBM;CODECS=\"VP8,OPUS\"", true),
        AcceptanceCase("video/webm;codecs=vp8,opus", "video/webm;codecs=vp9,opus", false),
        AcceptanceCase("video/webm;codecs=vp8,opus", "video/webm;codecs=opus,vp8", false),
        AcceptanceCase("video/webm;codecs=vp8", "video/webm", false),
        AcceptanceCase("video/webm", "video/webm;codecs=vp8", false),
        AcceptanceCase("video/webm;a=B", "video/webm;a=b", false),
        // A charset means something in text, XML and JSON, and nowhere else (remotestorage/remotestorage.js#1390).
        AcceptanceCase("image/png", "image/png; charset=binary", true),
        AcceptanceCase("image/png;charset=utf-8", "image/png", true),
        AcceptanceCase("image/png;charset=utf-8", "image/png;charset=binary", true),
        AcceptanceCase("application/pdf;charset=utf-8", "application/pdf", true),
        AcceptanceCase("application/octet-stream;charset=utf-8", "binary/octet-stream", true),
        AcceptanceCase("application/xmldom;charset=a", "application/xmldom;charset=b", true),
        AcceptanceCase("video/webm;charset=a;codecs=vp8", "video/webm;codecs=vp9", false),
        AcceptanceCase("application/json;charset=utf-8", "application/json", false),
        AcceptanceCase("application/json", "application/json;charset=utf-8", true),
        AcceptanceCase("application/geo+json;charset=utf-8", "application/geo+json;charset=latin1", false),
        AcceptanceCase("application/xml;charset=utf-8", "application/xml;charset=UTF-8", true),
        AcceptanceCase("application/xml;charset=utf-8", "application/xml", false),
        AcceptanceCase("image/svg+xml;charset=utf-8", "image/svg+xml", false),
    ]

    @Test(arguments: Self.acceptances)
    func onlyAnEquivalentTypeIsAccepted(_ example: AcceptanceCase) throws {
        let declared = try #require(MediaType(example.declared))
        let received = try #require(MediaType(example.received))
        let isAccepted = declared.accepts(received)
        #expect(isAccepted == example.isAccepted)
    }
}
