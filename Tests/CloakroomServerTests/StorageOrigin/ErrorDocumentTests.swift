import Foundation
import Testing

@testable import CloakroomServer

/// Error documents: text that clients sent never becomes markup (XML 1.0 §2.4, RFC 8259 §7).
struct ErrorDocumentTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let text: String
        let xml: String

        init(_ name: String, _ text: String, _ xml: String) {
            self.name = name
            self.text = text
            self.xml = xml
        }

        var testDescription: String { self.name }
    }

    static let texts: [Case] = [
        Case("plain", "hello", "hello"),
        Case("nothing", "", ""),
        Case("markup", "<script>a</script>", "&lt;script&gt;a&lt;/script&gt;"),
        Case("an ampersand", "a & b &amp; c", "a &amp; b &amp;amp; c"),
        Case("the end of a CDATA section", "]]>", "]]&gt;"),
        Case("quotation marks", "\"a\" 'b'", "&quot;a&quot; 'b'"),
        Case("other scripts", "é 日本語 😀", "é 日本語 😀"),
        // As they are, a parser makes them spaces or line feeds (XML 1.0 §2.11 and §3.3.3).
        Case("tabs and line ends", "a\tb\nc\rd\r\ne", "a&#9;b&#10;c&#13;d&#13;&#10;e"),
        // XML 1.0 §2.2 has no such characters, not even escaped.
        Case("control characters", "a\u{0}b\u{1}c\u{1B}d\u{1F}", "a\u{FFFD}b\u{FFFD}c\u{FFFD}d\u{FFFD}"),
        Case("non-characters", "\u{FFFE}\u{FFFF}", "\u{FFFD}\u{FFFD}"),
        Case("a backslash", "a\\u0041", "a\\u0041"),
    ]

    private static func document(_ text: String) -> ErrorDocument {
        let rejection = StorageRejection(.forbidden, "AccessDenied", text, [.init("Received", text)])
        return ErrorDocument(rejection, requestID: "0123456789abcdef")
    }

    @Test(arguments: Self.texts)
    func textIsEscapedInXML(_ example: Case) {
        let xml = Self.document(example.text).xml
        let expected = """
            <?xml version="1.0" encoding="UTF-8"?>
            <Error><Code>AccessDenied</Code><Message>\(example.xml)</Message>\
            <Received>\(example.xml)</Received><RequestId>0123456789abcdef</RequestId></Error>

            """
        #expect(Array(xml.utf8) == Array(expected.utf8))
    }

    /// Foundation's reader gets back what was put in.
    @Test(arguments: Self.texts)
    func textIsQuotedInJSON(_ example: Case) throws {
        let json = Self.document(example.text).json
        let document = try JSONDecoder().decode([String: [String: String]].self, from: Data(json.utf8))
        let error = try #require(document["Error"])
        let expected = [
            "Code": "AccessDenied", "Message": example.text, "Received": example.text,
            "RequestId": "0123456789abcdef",
        ]
        #expect(error == expected)
    }

    @Test
    func detailsStandBetweenMessageAndRequestID() {
        let rejection = StorageRejection(.badRequest, "BadDigest", "m", [.init("B", "1"), .init("A", "2")])
        let json = ErrorDocument(rejection, requestID: "r").json
        let expected = #"{"Error":{"Code":"BadDigest","Message":"m","B":"1","A":"2","RequestId":"r"}}"#
        #expect(json == "\(expected)\n")
    }
}
