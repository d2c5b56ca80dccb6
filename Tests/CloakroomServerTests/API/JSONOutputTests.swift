import Foundation
import NIOCore
import Testing

@testable import CloakroomServer

/// JSON on its way out, against RFC 8259 and Foundation's reader.
struct JSONOutputTests {
    private static func text(_ output: JSONOutput) -> String {
        var buffer = ByteBuffer()
        output.write(into: &buffer)
        return String(buffer: buffer)
    }

    @Test
    func membersKeepTheirOrder() {
        let inner = JSONOutput.array([.integer(-1), .integer(.max), .null, .array([]), .object([])])
        let output = JSONOutput.object([
            (name: "b", value: .string("x")), (name: "a", value: inner), (name: "c", value: .optional(nil)),
            (name: "d", value: .optional("y")),
        ])
        let text = Self.text(output)
        #expect(text == #"{"b":"x","a":[-1,9223372036854775807,null,[],{}],"c":null,"d":"y"}"#)
    }

    @Test(arguments: [
        "", "plain", "é 日本語 😀", "a\"b", "a\\b", "a/b", "\\\"", "\\u0041", "a\nb\r\nc\td", "\u{0}\u{1}\u{F}\u{10}\u{1F}",
        "\u{7F}\u{85}\u{2028}\u{2029}\u{FFFE}", "a\"\u{301}", "\r\n", "</script>",
    ])
    func textIsReadBackAsItWas(text: String) throws {
        let output = JSONOutput.object([(name: text, value: .string(text))])
        let bytes = Data(Self.text(output).utf8)
        let object = try JSONDecoder().decode([String: String].self, from: bytes)
        let (name, value) = try #require(object.first)
        #expect(Array(name.utf8) == Array(text.utf8))
        #expect(Array(value.utf8) == Array(text.utf8))
    }

    /// RFC 8259 §7: quotation mark, reverse solidus and U+0000 to U+001F have to be escaped.
    @Test
    func escapesAreThoseOfTheStandard() {
        let text = Self.text(.string("\"\\\u{0}\n\u{1F}\u{20}/é"))
        #expect(text == #""\"\\\u0000\u000a\u001f /é""#)
    }
}
