import Testing

@testable import CloakroomServer

/// Chunked bodies whose end two implementations could see in different places: each is rejected.
struct MalformedBodyTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let text: String

        init(_ name: String, _ text: String) {
            self.name = name
            self.text = text
        }

        var testDescription: String { self.name }
    }

    static let sizes: [Case] = [
        Case("no size", "\r\n"),
        Case("no size but an extension", ";a\r\n"),
        Case("no digit", "g\r\n"),
        Case("a digit that is none", "5g\r\n"),
        Case("a minus", "-1\r\n"),
        Case("a plus", "+5\r\n"),
        Case("0x", "0x5\r\n"),
        Case("a space first", " 5\r\n"),
        Case("two numbers", "5 5\r\n"),
        Case("an underscore", "1_0\r\n"),
        Case("16 digits", "0000000000000005\r\n"),
        Case("a size past 64 bits", "10000000000000005\r\n"),
        Case("a digit outside ASCII", "\u{FF15}\r\n"),
        Case("NUL after the size", "5\u{0}\r\n"),
        Case("NUL in an extension", "5;a\u{0}\r\n"),
        Case("a size without an end", String(repeating: "0", count: 5_000)),
        Case("an extension without an end", "5;\(String(repeating: "a", count: 5_000))"),
        Case("a long extension", "5;\(String(repeating: "a", count: 5_000))\r\nhello\r\n0\r\n\r\n"),
    ]

    private static let trailer = "X: \(String(repeating: "y", count: 1_000))\r\n"

    static let lineEnds: [Case] = [
        Case("bare LF after the size", "5\nhello\r\n0\r\n\r\n"),
        Case("bare LF after the chunk", "5\r\nhello\n0\r\n\r\n"),
        Case("bare LF after the last size", "5\r\nhello\r\n0\n\r\n"),
        Case("bare LF at the end", "5\r\nhello\r\n0\r\n\n"),
        Case("bare LF after a trailer", "0\r\nX: y\n\r\n"),
        Case("bare CR in an extension", "5;a\rb\r\nhello\r\n0\r\n\r\n"),
        Case("bare CR in a trailer", "0\r\nX: a\rb\r\n\r\n"),
        Case("CR CR LF after the size", "5\r\r\nhello\r\n0\r\n\r\n"),
        Case("CR CR LF after the chunk", "5\r\nhello\r\r\n0\r\n\r\n"),
        Case("a chunk longer than its size", "5\r\nhello!\r\n0\r\n\r\n"),
        Case("a chunk shorter than its size", "6\r\nhello\r\n0\r\n\r\n"),
        Case("no line end after the chunk", "5\r\nhello0\r\n\r\n"),
        Case("long trailers", "0\r\n\(String(repeating: Self.trailer, count: 5))\r\n"),
    ]

    @Test(arguments: Self.sizes + Self.lineEnds)
    func ambiguousChunkIsRejected(_ example: Case) {
        #expect(throws: BodyDecoder.Malformed.self) { try BodyDecoderTests.decode(.chunked, example.text) }
    }

    @Test(arguments: Self.sizes + Self.lineEnds)
    func ambiguousChunkIsRejectedByteByByte(_ example: Case) {
        let bytes = example.text.utf8.map { [$0] }
        #expect(throws: BodyDecoder.Malformed.self) { try BodyDecoderTests.decode(.chunked, bytes) }
    }
}
