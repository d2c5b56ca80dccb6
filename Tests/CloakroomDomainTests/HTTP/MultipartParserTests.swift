import CloakroomDomain
import FuzzChecks
import Testing

/// Where a form's parts begin and end (RFC 2046 §5.1.1).
struct MultipartParserTests {
    private static let head = "Content-Disposition: form-data; name=\"a\"\r\n"

    private static func read(_ body: String, boundary: String = "B") throws -> MultipartOutcome {
        let boundary = try MultipartBoundary(boundary)
        let bytes = Array(body.utf8)
        let outcome = try MultipartOutcome(bytes, boundary: boundary, cuts: [])
        #expect(try MultipartOutcome(bytes, boundary: boundary, cuts: Array(1..<max(1, bytes.count))) == outcome)
        return outcome
    }

    private static func contents(_ body: String, boundary: String = "B") throws -> [String] {
        let outcome = try Self.read(body, boundary: boundary)
        #expect(outcome.error == nil)
        return outcome.parts.map { String(decoding: $0.content, as: UTF8.self) }
    }

    @Test(arguments: [
        "", "-", "--", "\r", "\n", "\r\n", "\r\n-", "\r\n--", "\r\n\r\n", "\r\r\r", "\r\n--boundar", "\r\n--boundaryX",
        "\r\n--boundary-", "\r\n--boundary-\r\n", "\r\n--boundary\r", "\r\n--boundary\r\r", "\r\n--boundary\rX",
        "\n--boundary\r\nx", "\r--boundary\r\nx", "--boundar", "--boundaryX", "x--boundary--\r\n",
        "\r\n--boundar\r\n--boundar", "\r\n--boundary\r\r\n--boundaryX\r", "\r\n--Boundary\r\n", "\r\n-- boundary",
        "\r\n\r\n--boundaryX", "a\0b\u{7F}é",
    ])
    func whatIsNoDelimiterIsContent(content: String) throws {
        let body = "--boundary\r\n\(Self.head)\r\n\(content)\r\n--boundary--"
        #expect(try Self.contents(body, boundary: "boundary") == [content])
    }

    @Test
    func whatComesBeforeAndAfterIsIgnored() throws {
        let body = "pre\r\n--BX\r\n\r\n--B\r\n\(Self.head)\r\n1\r\n--B \t \r\n\(Self.head)\r\n2\r\n--B--\r\n--B\r\nx"
        #expect(try Self.contents(body) == ["1", "2"])
        #expect(try Self.contents("\r\n--B\r\n\(Self.head)\r\n1\r\n--B-- more") == ["1"])
    }

    @Test
    func partMayHaveNoContents() throws {
        // The empty line's end is the delimiter's where a part has header fields alone.
        #expect(try Self.contents("--B\r\n\(Self.head)\r\n--B\r\n\(Self.head)\r\n\r\n--B--") == ["", ""])
        #expect(try Self.contents("--B--") == [])
    }

    struct Rejected: CustomTestStringConvertible, Sendable {
        let body: String
        let error: MultipartError

        init(_ body: String, _ error: MultipartError) {
            self.body = body
            self.error = error
        }

        var testDescription: String { String(self.body.prefix(80)) }
    }

    private static func part(_ head: String, _ error: MultipartError) -> Rejected {
        Rejected("--B\r\n\(head)\r\n\r\n1\r\n--B--\r\n", error)
    }

    static let rejected: [Rejected] = [
        Rejected("", .noDelimiter(boundary: "B")),
        Rejected("{\"filename\": \"a\"}", .noDelimiter(boundary: "B")),
        Rejected("x--B\r\n\(head)\r\n1\r\n", .noDelimiter(boundary: "B")),
        Rejected("--B", .noDelimiter(boundary: "B")),
        Rejected("--B-", .noDelimiter(boundary: "B")),
        Rejected("--B\r\n", .noClosingDelimiter(boundary: "B")),
        Rejected("--B \r", .noClosingDelimiter(boundary: "B")),
        Rejected("--B\r\n\(head)", .noClosingDelimiter(boundary: "B")),
        Rejected("--B\r\n\(head)\r\n1\r\n--B", .noClosingDelimiter(boundary: "B")),
        Rejected("--B\r\n\(head)\r\n1\r\n--B-", .noClosingDelimiter(boundary: "B")),
        Rejected("--B\r\n\(head)\r\n1--B--", .noClosingDelimiter(boundary: "B")),
        Rejected("--B\r\n\(head)\r\n1\n--B--\n", .noClosingDelimiter(boundary: "B")),
        Rejected(String(repeating: "x", count: 8_193) + "\r\n--B--", .preambleTooLong(maximum: 8_192)),
        Rejected("--B x\r\n", .malformedDelimiterLine),
        Rejected("--B \r \n", .malformedDelimiterLine),
        Rejected("--B\(String(repeating: " ", count: 65))\r\n", .malformedDelimiterLine),
        Rejected("--B\n\(head)\r\n1\r\n--B--", .bareLineFeed),
        Rejected("--B \n\(head)\r\n1\r\n--B--", .bareLineFeed),
        Rejected("--B\r\n\(head)\r\n1\r\n--B\n", .bareLineFeed),
        part("Content-Disposition: form-data; name=\"a\"\nX: y", .bareLineFeed),
        Rejected("--B\r\n\(head)\n1\r\n--B--", .bareLineFeed),
        part("Content-Disposition: form-data; name=\"a\"\rX: y", .controlCharacter(0x0D)),
        part("Content-Disposition: form-data; name=\"a\0\"", .controlCharacter(0)),
        part("Content-Disposition: form-data; name=\"a\u{7F}\"", .controlCharacter(0x7F)),
        part("X: \(String(repeating: "x", count: 16_382))", .headersTooLong(maximum: 16_384)),
        part(String(repeating: "X: y\r\n", count: 16) + head, .tooManyHeaders(maximum: 16)),
        part("X", .malformedHeader(received: "X")),
        part(": y", .malformedHeader(received: ": y")),
        part("X : y", .malformedHeader(received: "X : y")),
        part("\(head) ; filename=\"x\"", .malformedHeader(received: " ; filename=\"x\"")),
        part("\(head)CONTENT-DISPOSITION: x", .repeatedHeader(name: "content-disposition")),
        part("Content-Type: a/b\r\nContent-Type: a/b\r\n\(head)", .repeatedHeader(name: "content-type")),
        part("Content-Type: a/b", .missingDisposition),
        part("\(head)Content-Encoding: gzip", .contentEncoding(part: "a", received: "gzip")),
        part(
            "\(head)Content-Transfer-Encoding: Quoted-Printable ",
            .transferEncoding(part: "a", received: "Quoted-Printable")),
        part("\(head)Content-Type: Multipart/Mixed", .nested(part: "a", received: "Multipart/Mixed")),
    ]

    @Test(arguments: Self.rejected)
    func whatIsNoFormIsRefused(_ example: Rejected) throws {
        let outcome = try Self.read(example.body)
        #expect(outcome.error == example.error)
        #expect(!outcome.isComplete)
    }

    @Test
    func headerFieldsAreUTF8() throws {
        let body = Array("--B\r\nContent-Disposition: form-data; name=\"caf".utf8) + [0xE9] + Array("\"\r\n\r\n".utf8)
        let outcome = try MultipartOutcome(body, boundary: try MultipartBoundary("B"), cuts: [])
        #expect(outcome.error == .headerNotUTF8)
    }

    @Test
    func limitsThemselvesAreAllowed() throws {
        let preamble = String(repeating: "x", count: 8_192)
        let padding = String(repeating: " ", count: 64)
        let fields = String(repeating: "X: y\r\n", count: 14)
        let length = 16_384 - fields.utf8.count - Self.head.utf8.count - 2 - 5
        let head = "\(fields)X: \(String(repeating: "x", count: length))\r\n\(Self.head)\r\n"
        #expect(head.utf8.count == 16_384)
        #expect(try Self.contents("\(preamble)\r\n--B\(padding)\r\n\(head)1\r\n--B--") == ["1"])
    }

    @Test
    func otherEncodingsOfNothingAreAllowed() throws {
        for fields in ["7bit", "8BIT", "binary", "Binary "].map({ "Content-Transfer-Encoding: \($0)\r\n" })
            + ["Content-Encoding: identity\r\n", "Content-Length: 5\r\n", "X-\u{21}: é\t\r\n", "Content-Type:\r\n"]
        {
            let outcome = try Self.read("--B\r\n\(Self.head)\(fields)\r\n1\r\n--B--")
            #expect(outcome.parts.map(\.head) == [MultipartPart(name: "a", filename: nil, contentType: nil)])
        }
    }

    @Test
    func errorIsThrownAgain() throws {
        var parser = MultipartParser(boundary: try MultipartBoundary("B"))
        let chunk = Array("--B\n".utf8)
        for _ in 0..<2 {
            var offset = 0
            #expect(throws: MultipartError.bareLineFeed) { try parser.next(in: chunk.span.bytes, from: &offset) }
        }
        #expect(throws: MultipartError.bareLineFeed) { try parser.finish() }
    }
}
