import Testing

@testable import CloakroomServer

/// What a browser would do with a file, and what it is told not to.
struct ContentKindTests {
    /// By the contract: HTML, SVG, XML and scripts, however the field is written.
    @Test(arguments: [
        "text/html", "TEXT/HTML", "text/html; charset=utf-8", " text/html\t;charset=utf-8", "text/html;",
        "application/xhtml+xml", "image/svg+xml", "image/SVG+XML; charset=utf-8", "text/xml", "application/xml",
        "application/atom+xml", "application/mathml+xml", "text/javascript", "application/javascript",
        "application/wasm", "multipart/x-mixed-replace; boundary=a",
    ])
    func activeTypeIsKnown(contentType: String) {
        let kind = ContentKind(contentType: contentType)
        #expect(kind == .active)
    }

    /// The JavaScript MIME types of the WHATWG's MIME Sniffing standard, §4.6.
    @Test(arguments: [
        "application/ecmascript", "application/javascript", "application/x-ecmascript", "application/x-javascript",
        "text/ecmascript", "text/javascript", "text/javascript1.0", "text/javascript1.1", "text/javascript1.2",
        "text/javascript1.3", "text/javascript1.4", "text/javascript1.5", "text/jscript", "text/livescript",
        "text/x-ecmascript", "text/x-javascript",
    ])
    func everyScriptTypeIsActive(contentType: String) {
        let kind = ContentKind(contentType: contentType)
        #expect(kind == .active)
    }

    @Test(arguments: [
        "image/png", "image/jpeg", "application/pdf", "text/plain", "text/plain; a=\"text/html\"", "text/csv",
        "application/json", "application/octet-stream", "video/mp4", "audio/mpeg", "image/svg",
    ])
    func otherTypesAreShown(contentType: String) {
        let kind = ContentKind(contentType: contentType)
        #expect(kind != .active)
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let contentType: String
        let asked: String?
        let responded: String?

        init(_ contentType: String, _ asked: String?, _ responded: String?) {
            self.contentType = contentType
            self.asked = asked
            self.responded = responded
        }

        var testDescription: String { "\(self.contentType), \(self.asked ?? "no disposition")" }
    }

    static let dispositions: [Case] = [
        Case("image/png", nil, nil),
        Case("image/png", "inline", "inline"),
        Case("image/png", "attachment; filename=\"a.png\"", "attachment; filename=\"a.png\""),
        Case("text/html", nil, "attachment"),
        Case("text/html", "", "attachment"),
        Case("text/html", "inline", "attachment"),
        Case("text/html", "INLINE; filename=\"a.html\"", "attachment; filename=\"a.html\""),
        Case("text/html", "form-data; name=\"a\"", "attachment; name=\"a\""),
        Case("text/html", "attachment", "attachment"),
        Case("text/html", "Attachment; filename=\"a;b.html\"", "Attachment; filename=\"a;b.html\""),
        Case(
            "image/svg+xml; charset=utf-8", "inline; filename=\"_.svg\"; filename*=UTF-8''%C3%A9.svg",
            "attachment; filename=\"_.svg\"; filename*=UTF-8''%C3%A9.svg"),
    ]

    @Test(arguments: Self.dispositions)
    func activeTypeIsNeverInline(_ example: Case) {
        let disposition = ContentKind(contentType: example.contentType).disposition(example.asked)
        #expect(disposition == example.responded)
    }

    @Test(arguments: [
        ("image/png", ContentKind.media), ("IMAGE/JPEG", .media), ("audio/mpeg", .media),
        ("video/webm; codecs=\"vp8\"", .media), ("image/svg+xml", .active), ("image/x+xml", .active),
        ("application/pdf", .pdf), ("Application/PDF; a=b", .pdf), ("application/pdfx", .other),
        ("text/plain", .other), ("application/octet-stream", .other), ("model/gltf-binary", .other),
        // As MediaRecorder names what it has recorded, and as it is kept.
        ("video/webm;codecs=\"vp8,opus\"", .media), ("video/mp4; codecs=\"avc1.42E01E, mp4a.40.2\"", .media),
        ("text/html; a=\"x,y\"", .active),
        // What is no single media type is read by browsers in ways of their own: tried in Chromium 156.
        ("image/png, text/html", .active), ("text/html, image/png", .active), ("image/png, image/gif", .active),
        ("video/webm;codecs=vp8,opus", .active), ("text/html(x)", .active), ("text/html (x)", .active),
        ("image/x;a=\"(\",text/html(", .active), ("image/svg+xml(", .active), ("image/png(", .active),
        ("image/png x", .active), ("image/png; a", .active), ("text/plain; a=text/html", .active), ("image/", .active),
        ("/png", .active),
        ("image", .active), ("image/png/x", .active), ("", .active),
    ])
    func kindIsTheMediaTypes(contentType: String, kind: ContentKind) {
        #expect(ContentKind(contentType: contentType) == kind)
    }

    /// Under no policy does a script run: neither `script-src` nor `allow-scripts` is there, and `default-src` is none.
    @Test(arguments: [ContentKind.active, .media, .pdf, .other])
    func noPolicyLetsScriptsRun(kind: ContentKind) {
        let policy = "\(kind.policy)"
        #expect(policy.contains("default-src 'none'"))
        #expect(!policy.contains("script"))
        // A document with the origin of the storage and without a sandbox is a PDF viewer's alone.
        #expect(policy.contains("sandbox") == (kind != .pdf))
    }
}
