import CloakroomDomain
import FuzzChecks
import Testing

/// Forms of real clients, by the names and types that these were given.
///
/// werkzeug 3.1.9 reads the same, but for the percent-encoding of aiohttp's filenames, `%0A` in a filename, and a name
/// that ends with a backslash, which it drops.
struct MultipartClientTests {
    struct Part: Sendable {
        let head: MultipartPart
        let content: [UInt8]

        init(_ name: String, _ content: String) {
            self.head = MultipartPart(name: name, filename: nil, contentType: nil)
            self.content = Array(content.utf8)
        }

        init(
            _ name: String, filename: String?, _ contentType: String?, _ content: [UInt8] = RecordedForm.content
        ) {
            self.head = MultipartPart(name: name, filename: filename, contentType: contentType)
            self.content = content
        }
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let parts: [Part]

        init(_ name: String, _ parts: Part...) {
            self.name = name
            self.parts = parts
        }

        var testDescription: String { self.name }
    }

    static let forms: [Case] = [
        Case("curl-7.88.1-f-file", Part("file", filename: "cat.gif", "image/gif")),
        Case("curl-7.88.1-chunked", Part("content", filename: "cat.gif", "image/gif")),
        Case(
            "curl-7.88.1-fields-before", Part("filename", "other.gif"), Part("expires_after_seconds", "60"),
            Part("note", "a\nb"), Part("file", filename: "cat.gif", "image/gif")),
        Case("curl-7.88.1-odd-name", Part("file", filename: "naïve \"50%\" 日本.gif", "image/gif")),
        // The file is called back\slash".gif, of which a backslash is taken for a directory's end.
        Case("curl-7.88.1-form-escape", Part("file", filename: "slash\".gif", "image/gif")),
        Case("curl-7.88.1-text", Part("filename", "note.txt"), Part("file", "hello")),
        Case("curl-7.88.1-binary", Part("file", filename: "cat.gif", "image/gif")),
        Case("requests-2.34.2-files", Part("file", filename: "cat.gif", nil)),
        Case(
            "requests-2.34.2-odd-name", Part("sha256", "ab"), Part("x", "y"),
            Part("file", filename: "naïve \"50%\" 日本.gif", nil)),
        Case("requests-2.34.2-bytes", Part("file", filename: "file", nil)),
        Case("requests-2.34.2-tuple", Part("file", filename: "cat.gif", "image/gif")),
        Case(
            "requests-2.34.2-value-as-a-file",
            Part("content_type", filename: "content_type", nil, Array("image/gif".utf8)),
            Part("content", filename: "cat.gif", nil)),
        Case(
            "requests-toolbelt-1.0.0", Part("filename", "x.gif"), Part("file", filename: "naïve.gif", "image/gif")),
        Case("urllib3-1.24.3", Part("file", filename: "naïve \"50%\" 日本.gif", "image/gif")),
        Case(
            "httpx-0.28.1", Part("expires_after_seconds", "60"), Part("file", filename: "cat.gif", "image/gif")),
        // The name ends with a backslash and a line feed.
        Case("httpx-0.28.1-odd-name", Part("file", filename: "\n", "image/gif")),
        Case("aiohttp-3.14.5", Part("file", filename: "cat.gif", "image/gif")),
        Case(
            "aiohttp-3.14.5-odd-name", Part("sha256", filename: nil, "text/plain; charset=utf-8", Array("ab".utf8)),
            Part("file", filename: "naïve \"50%\" 日本.gif", "image/gif")),
        Case(
            "aiohttp-3.14.5-quote-fields-false",
            Part("file", filename: "naïve \"50%\" 日本.gif", "application/octet-stream")),
        Case(
            "aiohttp-3.14.5-extended-name", Part("fileé", filename: "cat.gif", "application/octet-stream")),
        Case(
            "node-v20.20.2-fetch", Part("expires_after_seconds", "60"), Part("note\"\r\n\\", "a\r\nb"),
            Part("file", filename: "cat.gif", "image/gif")),
        Case(
            "node-v20.20.2-fetch-odd-name", Part("expires_after_seconds", "60"), Part("note\"\r\n\\", "a\r\nb"),
            Part("file", filename: "日本.gif\n", "application/octet-stream")),
        Case(
            "chromium-156-fetch", Part("expires_after_seconds", "60"), Part("note\"\r\n\\", "a\r\nb"),
            Part("file", filename: "cat.gif", "image/gif")),
        Case(
            "chromium-156-fetch-odd-name", Part("expires_after_seconds", "60"), Part("note\"\r\n\\", "a\r\nb"),
            Part("file", filename: "日本.gif\n", "application/octet-stream")),
        Case(
            "chromium-156-form", Part("_charset_", "UTF-8"), Part("filename", "naïve.gif"),
            Part("file", filename: "日本.gif\n", "application/octet-stream"),
            Part("empty", filename: nil, "application/octet-stream", [])),
    ]

    @Test(arguments: Self.forms)
    func formIsReadAsItWasMeant(_ example: Case) throws {
        let form = try RecordedForm(example.name)
        let outcome = try MultipartOutcome(form.body, boundary: form.boundary, cuts: [])
        #expect(outcome.error == nil)
        #expect(outcome.isComplete)
        #expect(outcome.parts.map(\.head) == example.parts.map(\.head))
        #expect(outcome.parts.map(\.content) == example.parts.map(\.content))
    }

    @Test(arguments: Self.forms)
    func formIsTheSameHoweverItIsCut(_ example: Case) throws {
        let form = try RecordedForm(example.name)
        let places = 1..<form.body.count
        for cuts in [Array(places)] + places.map({ [$0] }) {
            let outcome = try MultipartOutcome(form.body, boundary: form.boundary, cuts: cuts)
            #expect(outcome.error == nil, "\(cuts)")
            #expect(outcome.parts.map(\.head) == example.parts.map(\.head), "\(cuts)")
            #expect(outcome.parts.map(\.content) == example.parts.map(\.content), "\(cuts)")
        }
    }

    @Test
    func encodedPartIsRefused() throws {
        let form = try RecordedForm("curl-7.88.1-base64")
        let outcome = try MultipartOutcome(form.body, boundary: form.boundary, cuts: [])
        #expect(outcome.error == .transferEncoding(part: "file", received: "base64"))
    }

    @Test
    func nestedMultipartIsRefused() throws {
        let form = try RecordedForm("curl-7.88.1-two-in-one")
        let outcome = try MultipartOutcome(form.body, boundary: form.boundary, cuts: [])
        let type = "multipart/mixed; boundary=------------------------0f42d5a349039cd0"
        #expect(outcome.error == .nested(part: "file", received: type))
    }
}
