import CloakroomDomain
import FuzzChecks
import Testing

/// `Content-Disposition` of a form's part (RFC 7578 §4.2), as it is written by clients old and new.
struct MultipartDispositionTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let field: String
        let name: String
        let filename: String?

        init(_ field: String, _ name: String, _ filename: String?) {
            self.field = field
            self.name = name
            self.filename = filename
        }

        var testDescription: String { self.field }
    }

    private static func read(_ field: String) throws -> MultipartOutcome {
        let body = "--B\r\nContent-Disposition: \(field)\r\n\r\n\r\n--B--"
        return try MultipartOutcome(Array(body.utf8), boundary: try MultipartBoundary("B"), cuts: [])
    }

    static let dispositions: [Case] = [
        Case("form-data; name=\"file\"; filename=\"a.txt\"", "file", "a.txt"),
        Case("Form-Data;NAME=file;FileName=a.txt", "file", "a.txt"),
        Case("form-data;; name=\"\" ; ", "", nil),
        Case("form-data; x=\"y\"; filename=\"a.txt\"; name=\"file\"; size=3", "file", "a.txt"),
        Case("form-data; name=file; filename=é=(1),2.txt", "file", "é=(1),2.txt"),
        Case("form-data; name=\"file\"; filename=\"\"", "file", nil),
        Case("form-data; name=\"a;b=\\\"c\\\"\"; filename=\"a; name=x.txt\"", "a;b=\"c\"", "a; name=x.txt"),
        // WHATWG's escapes, of which %25 is none: in names these alone, in either case.
        Case("form-data; name=\"%22%0D%0A%0d%0a%25%41%2\"; filename=\"%22x%22\"", "\"\r\n\r\n%25%41%2", "\"x\""),
        // RFC 7578 §2 has percent-encoding in filenames; what is not UTF-8 then stays.
        Case("form-data; name=\"f\"; filename=\"na%C3%AFve%2520%20100%.txt\"", "f", "naïve%20 100%.txt"),
        Case("form-data; name=\"f\"; filename=\"na%EFve %22%.txt\"", "f", "na%EFve \"%.txt"),
        // RFC 8187 §3.2.3, and RFC 5987's other character set.
        Case("form-data; name=\"f\"; filename*=UTF-8''%e2%82%ac%20rates", "f", "€ rates"),
        Case("form-data; name=\"f\"; filename*=iso-8859-1'en'%A3%20rates; filename=x", "f", "£ rates"),
        Case("form-data; name=\"f\"; filename=\"x\"; filename*=utf-8'de'a'b.txt", "f", "a'b.txt"),
        Case("form-data; name*=utf-8''file%C3%A9; filename=a", "fileé", "a"),
        // Directories are cut, before decoding and behind it.
        Case("form-data; name=\"f\"; filename=\"C:\\Users\\new\\table.txt\"", "f", "table.txt"),
        Case("form-data; name=\"f\"; filename=\"\\\\\\\\server\\\\share\\\\a.txt\"", "f", "a.txt"),
        Case("form-data; name=\"f\"; filename=\"/etc/../passwd\"", "f", "passwd"),
        Case("form-data; name=\"f\"; filename=\"..%2F..%5Cpasswd\"", "f", "passwd"),
        Case("form-data; name=\"f\"; filename*=UTF-8''..%2Fpasswd", "f", "passwd"),
        Case("form-data; name=\"f\"; filename=\"directory/\"", "f", nil),
        Case("form-data; name=\"f\"; filename=\"..\"", "f", ".."),
        // Browsers do not escape a backslash: of a name that ends with one, the quotation mark is its end.
        Case("form-data; name=\"file\\\"; filename=\"a.txt\"", "file\\", "a.txt"),
        Case("form-data; name=\"file\"; filename=\"a\\\"", "file", nil),
        Case("form-data; name=\"a\\b\\\\c\\\"d\"", "a\\b\\c\"d", nil),
    ]

    @Test(arguments: Self.dispositions)
    func dispositionIsRead(_ example: Case) throws {
        let outcome = try Self.read(example.field)
        #expect(outcome.error == nil)
        #expect(
            outcome.parts.map(\.head) == [
                MultipartPart(name: example.name, filename: example.filename, contentType: nil)
            ])
    }

    @Test(arguments: [
        "", "; name=\"a\"", "form-data name=\"a\"", "form-data; name", "form-data; name=", "form-data; name=\"a",
        "form-data; name=\"a\"b", "form-data; name = \"a\"", "form-data; =\"a\"", "form-data; name=a b",
        "form-data; name=a\"b\"", "form-data, name=\"a\"",
    ])
    func malformedDispositionIsRefused(field: String) throws {
        #expect(try Self.read(field).error == .malformedDisposition(received: field))
    }

    @Test(arguments: ["attachment; name=\"a\"", "inline", "file; filename=\"a\""])
    func otherDispositionIsRefused(field: String) throws {
        #expect(try Self.read(field).error == .notFormData(received: String(field.prefix { $0 != ";" })))
    }

    @Test
    func parameterComesOnce() throws {
        #expect(try Self.read("form-data; name=\"a\"; NAME=\"a\"").error == .repeatedParameter(name: "name"))
        #expect(
            try Self.read("form-data; name=\"a\"; filename=a; filename=b").error == .repeatedParameter(name: "filename")
        )
    }

    @Test
    func nameIsRequired() throws {
        #expect(try Self.read("form-data").error == .missingName)
        #expect(try Self.read("form-data; filename=\"a.txt\"").error == .missingName)
    }

    @Test(arguments: ["a.txt", "UTF-8'a.txt", "UTF-16''a.txt", "UTF-8''%E9", "''a.txt"])
    func malformedExtendedFilenameIsRefused(value: String) throws {
        let outcome = try Self.read("form-data; name=\"a\"; filename=\"b\"; filename*=\(value)")
        #expect(outcome.error == .extendedParameter(name: "filename*", received: value))
    }
}
