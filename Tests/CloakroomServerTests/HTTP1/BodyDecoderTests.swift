import NIOCore
import Testing

@testable import CloakroomServer

/// Bodies by their framing (RFC 9112 §6 and §7), however their bytes arrive.
struct BodyDecoderTests {
    struct Decoded: Hashable {
        let body: String
        let isComplete: Bool
        /// What was left of the connection's bytes.
        let rest: String
    }

    /// Decodes bytes that arrive in pieces.
    static func decode(_ framing: RequestHead.Framing, _ pieces: [[UInt8]]) throws -> Decoded {
        var decoder = BodyDecoder(framing)
        var arrived = ByteBuffer()
        var body = ByteBuffer()
        for piece in pieces {
            arrived.writeBytes(piece)
            while let bytes = try decoder.next(&arrived) { body.writeImmutableBuffer(bytes) }
        }
        return Decoded(body: String(buffer: body), isComplete: decoder.isComplete, rest: String(buffer: arrived))
    }

    static func decode(_ framing: RequestHead.Framing, _ text: String) throws -> Decoded {
        try Self.decode(framing, [Array(text.utf8)])
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let framing: RequestHead.Framing
        let text: String
        let body: String
        let isComplete: Bool
        let rest: String

        init(
            _ name: String, _ framing: RequestHead.Framing, _ text: String, _ body: String, isComplete: Bool = true,
            rest: String = ""
        ) {
            self.name = name
            self.framing = framing
            self.text = text
            self.body = body
            self.isComplete = isComplete
            self.rest = rest
        }

        var testDescription: String { self.name }
    }

    static let fixed: [Case] = [
        Case("no body", .none, "GET", "", rest: "GET"),
        Case("a length of 0", .length(0), "GET", "", rest: "GET"),
        Case("exactly the length", .length(5), "hello", "hello"),
        Case("more than the length", .length(5), "helloGET", "hello", rest: "GET"),
        Case("less than the length", .length(5), "hell", "hell", isComplete: false),
        Case("line ends in the body", .length(6), "a\r\n\r\nbGET", "a\r\n\r\nb", rest: "GET"),
    ]

    /// A size in either case and with zeros, extensions and trailers, which are passed over (RFC 9112 §7.1).
    static let chunked: [Case] = [
        Case("one chunk", .chunked, "5\r\nhello\r\n0\r\n\r\n", "hello"),
        Case("no chunk", .chunked, "0\r\n\r\n", ""),
        Case("several zeros", .chunked, "000\r\n\r\n", ""),
        Case("two chunks", .chunked, "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world"),
        Case("a small digit", .chunked, "a\r\n0123456789\r\n0\r\n\r\n", "0123456789"),
        Case("a capital digit", .chunked, "0A\r\n0123456789\r\n0\r\n\r\n", "0123456789"),
        Case("15 digits", .chunked, "000000000000005\r\nhello\r\n0\r\n\r\n", "hello"),
        Case("line ends in a chunk", .chunked, "6\r\na\r\n\r\nb\r\n0\r\n\r\n", "a\r\n\r\nb"),
        Case("extensions", .chunked, "5;a=1;b=\"x\"\r\nhello\r\n0;c\r\n\r\n", "hello"),
        Case("space before an extension", .chunked, "5 \t;a\r\nhello\r\n0\r\n\r\n", "hello"),
        Case("trailers", .chunked, "5\r\nhello\r\n0\r\nX: y\r\nContent-Length: 1\r\n\r\n", "hello"),
        Case("the next request", .chunked, "5\r\nhello\r\n0\r\n\r\nGET", "hello", rest: "GET"),
        Case("an end that has not arrived", .chunked, "5\r\nhello\r\n0\r\n", "hello", isComplete: false),
        Case("a chunk that has not arrived", .chunked, "5\r\nhel", "hel", isComplete: false),
        Case("a size that has not arrived", .chunked, "5\r", "", isComplete: false, rest: "5\r"),
    ]

    @Test(arguments: Self.fixed + Self.chunked)
    func bodyIsTakenOut(_ example: Case) throws {
        let decoded = try Self.decode(example.framing, example.text)
        let expected = Decoded(body: example.body, isComplete: example.isComplete, rest: example.rest)
        #expect(decoded == expected)
    }

    @Test(arguments: Self.fixed + Self.chunked)
    func bytesMayArriveOneByOne(_ example: Case) throws {
        let decoded = try Self.decode(example.framing, example.text.utf8.map { [$0] })
        let expected = Decoded(body: example.body, isComplete: example.isComplete, rest: example.rest)
        #expect(decoded == expected)
    }

    @Test
    func bytesMayBeCutAnywhere() throws {
        let bytes = Array("5;a=1\r\nhello\r\n00c\r\n, cruel\r\nwor\r\n2\r\nld\r\n0\r\nX: y\r\n\r\nGET".utf8)
        let expected = Decoded(body: "hello, cruel\r\nworld", isComplete: true, rest: "GET")
        for first in 0...bytes.count {
            for second in first...bytes.count {
                let pieces = [Array(bytes[..<first]), Array(bytes[first..<second]), Array(bytes[second...])]
                let decoded = try Self.decode(.chunked, pieces)
                #expect(decoded == expected, "cut at \(first) and \(second)")
            }
        }
    }

    @Test
    func nothingIsReadAfterTheEnd() throws {
        var decoder = BodyDecoder(.length(1))
        var buffer = ByteBuffer(string: "ab")
        let first = try decoder.next(&buffer)
        let second = try decoder.next(&buffer)
        #expect(first == ByteBuffer(string: "a"))
        #expect(second == nil)
        #expect(buffer.readableBytes == 1)
    }
}
