import CloakroomDomain
import FuzzChecks
import Testing

/// Which forms upload a file, and what they say of it.
struct UploadFormTests {
    private static func body(_ parts: [String]) -> String {
        parts.map { "--B\r\nContent-Disposition: form-data; \($0)" }.joined() + "--B--\r\n"
    }

    private static func field(_ name: String, _ value: String) -> String { "name=\"\(name)\"\r\n\r\n\(value)\r\n" }

    private static func file(_ name: String = "file", filename: String? = "a.txt", _ type: String? = nil) -> String {
        let parameter = filename.map { "; filename=\"\($0)\"" } ?? ""
        let field = type.map { "\r\nContent-Type: \($0)" } ?? ""
        return "name=\"\(name)\"\(parameter)\(field)\r\n\r\nbytes\r\n"
    }

    private static func read(
        _ parts: [String], query: [UploadForm.Field: String] = [:]
    ) throws -> UploadFormOutcome {
        let bytes = Array(Self.body(parts).utf8)
        let boundary = try MultipartBoundary("B")
        let outcome = UploadFormOutcome(bytes, boundary: boundary, query: query, cuts: [])
        #expect(UploadFormOutcome(bytes, boundary: boundary, query: query, cuts: 1..<bytes.count) == outcome)
        return outcome
    }

    struct Accepted: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let parts: [String]
        var query: [UploadForm.Field: String] = [:]
        let declaration: UploadForm.Declaration
    }

    private static func declaration(
        _ filename: String, _ contentType: String? = nil, sha256: String? = nil, lifetime: String? = nil
    ) -> UploadForm.Declaration {
        .init(filename: filename, contentType: contentType, sha256: sha256, expiresAfterSeconds: lifetime)
    }

    static let accepted: [Accepted] = [
        .init(testDescription: "a file alone", parts: [file()], declaration: declaration("a.txt")),
        .init(
            testDescription: "the other name, with a type", parts: [file("content", "text/plain; charset=utf-8")],
            declaration: declaration("a.txt", "text/plain; charset=utf-8")),
        .init(
            testDescription: "every field",
            parts: [
                field("filename", "ß/b.txt"), field("content_type", "text/csv"), field("sha256", "ab"),
                field("expires_after_seconds", "60"), file("file", "text/plain"),
            ], declaration: declaration("ß/b.txt", "text/csv", sha256: "ab", lifetime: "60")),
        .init(
            testDescription: "a file without a filename", parts: [field("filename", "b.txt"), file(filename: nil)],
            declaration: declaration("b.txt")),
        .init(
            testDescription: "fields of the query", parts: [field("sha256", ""), file(filename: nil, "a/b")],
            query: [.filename: "q.txt", .contentType: "c/d"], declaration: declaration("q.txt", "c/d", sha256: "")),
        .init(
            testDescription: "other fields before and after",
            parts: [field("_charset_", "UTF-8"), field("x", "é"), file(), field("x", "y"), field("File", "")],
            declaration: declaration("a.txt")),
        .init(
            testDescription: "an empty file input of a browser",
            parts: ["name=\"photo\"; filename=\"\"\r\nContent-Type: application/octet-stream\r\n\r\n\r\n", file()],
            declaration: declaration("a.txt")),
        .init(
            testDescription: "a value that requests sends as a file",
            parts: ["name=\"sha256\"; filename=\"sha256\"\r\n\r\nab\r\n", file()],
            declaration: declaration("a.txt", sha256: "ab")),
        .init(
            testDescription: "as many other fields, and as long, as are allowed",
            parts: [file()] + (0..<16).map { field("f\($0)", String(repeating: "x", count: 8_192)) },
            declaration: declaration("a.txt")),
    ]

    @Test(arguments: Self.accepted)
    func formDeclaresItsFile(_ example: Accepted) throws {
        let outcome = try Self.read(example.parts, query: example.query)
        #expect(outcome.error == nil)
        #expect(outcome.isComplete)
        #expect(outcome.declaration == example.declaration)
        #expect(outcome.content == Array("bytes".utf8))
    }

    struct Rejected: CustomTestStringConvertible, Sendable {
        let parts: [String]
        var query: [UploadForm.Field: String] = [:]
        let error: UploadFormError

        var testDescription: String { "\(self.error)" }
    }

    private static let long = String(repeating: "x", count: 8_193)

    static let rejected: [Rejected] = [
        Rejected(parts: [], error: .noFile),
        Rejected(parts: [field("filename", "a"), field("files", "x")], error: .noFile),
        Rejected(parts: [file(), file()], error: .secondFile(name: "file")),
        Rejected(parts: [file(), field("content", "x")], error: .secondFile(name: "content")),
        Rejected(parts: [file("upload")], error: .fileUnderOtherName(name: "upload")),
        Rejected(parts: [file("FILE")], error: .fileUnderOtherName(name: "FILE")),
        Rejected(parts: [file(), file("sha256")], error: .fileUnderOtherName(name: "sha256")),
        Rejected(parts: [file("x", filename: "x")], error: .fileUnderOtherName(name: "x")),
        Rejected(parts: [file(filename: nil)], error: .noFilename),
        Rejected(parts: [file(filename: "")], error: .noFilename),
        Rejected(parts: [field("sha256", "a"), field("sha256", "a")], error: .repeatedField(.sha256)),
        Rejected(
            parts: [field("filename", "a")], query: [.filename: "a"], error: .fieldAlsoInQuery(.filename)),
        Rejected(parts: [file(), field("filename", "a")], error: .fieldAfterFile(.filename)),
        Rejected(parts: [file(), field("content_type", "a")], error: .fieldAfterFile(.contentType)),
        Rejected(parts: [file(), field("sha256", "a")], error: .fieldAfterFile(.sha256)),
        Rejected(
            parts: [file(), field("expires_after_seconds", "1")], error: .fieldAfterFile(.expiresAfterSeconds)),
        Rejected(parts: [field("filename", long)], error: .fieldTooLong(name: "filename", maximum: 8_192)),
        Rejected(parts: [field("x", long), file()], error: .fieldTooLong(name: "x", maximum: 8_192)),
        Rejected(parts: (0..<17).map { field("f\($0)", "") }, error: .tooManyFields(maximum: 16)),
        Rejected(parts: ["filename=\"a\"\r\n\r\n\r\n"], error: .malformed(.missingName)),
    ]

    @Test(arguments: Self.rejected)
    func otherFormIsRefused(_ example: Rejected) throws {
        let outcome = try Self.read(example.parts, query: example.query)
        #expect(outcome.error == example.error)
        #expect(!outcome.isComplete)
    }

    @Test
    func fieldsAreUTF8() throws {
        let start = "--B\r\nContent-Disposition: form-data; name=\"filename\"\r\n\r\ncaf"
        let bytes = Array(start.utf8) + [0xE9] + Array("\r\n--B--".utf8)
        let outcome = UploadFormOutcome(bytes, boundary: try MultipartBoundary("B"), query: [:], cuts: [])
        #expect(outcome.error == .fieldNotUTF8(.filename))
    }

    @Test
    func unfinishedFormIsRefused() throws {
        let bytes = Array(Self.body([Self.file()]).utf8.dropLast("--\r\n".utf8.count))
        let outcome = UploadFormOutcome(bytes, boundary: try MultipartBoundary("B"), query: [:], cuts: [])
        #expect(outcome.error == .malformed(.noClosingDelimiter(boundary: "B")))
        #expect(outcome.declaration != nil)
    }

    /// What people read: the field, what it must be, what it is.
    @Test
    func messagesNameTheWayOut() {
        let messages: [(UploadFormError, String)] = [
            (.noFile, "body must have one file part, named file or content; it has none"),
            (
                .fileUnderOtherName(name: "upload"),
                "body must have its file in a part named file or content; \"upload\" has a filename and another name"
            ),
            (.noFilename, "filename is required: as filename of the file part, or as a field before it"),
            (.fieldAfterFile(.sha256), "sha256 must come before the file part; it came after it"),
            (
                .malformed(.boundary(.tooLong(length: 71))),
                "Content-Type must have a boundary of 1 to 70 characters; it has 71"
            ),
            (
                .malformed(.noClosingDelimiter(boundary: "B")),
                "body must end with the closing delimiter --B--; it ended before that"
            ),
            (
                .malformed(.controlCharacter(9)),
                "body must have no control characters in header fields of a part; it has U+0009"
            ),
            (
                .malformed(.transferEncoding(part: "file", received: "base64")),
                "body must have parts as they are, or with Content-Transfer-Encoding 7bit, 8bit or binary; "
                    + "\"file\" has \"base64\""
            ),
        ]
        for (error, message) in messages { #expect("\(error.field) \(error.reason)" == message) }
    }
}
