import CloakroomDomain
import Testing

@testable import CloakroomServer

/// Heads that RFC 9112 allows, and how the body is delimited.
struct HTTPHeadParserTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let text: String
        let framing: RequestHead.Framing
        let keepsAlive: Bool
        let expectsContinue: Bool

        init(
            _ name: String, _ lines: [String], _ framing: RequestHead.Framing = .none, keepsAlive: Bool = true,
            expectsContinue: Bool = false
        ) {
            self.name = name
            self.text = lines.map { "\($0)\r\n" }.joined() + "\r\n"
            self.framing = framing
            self.keepsAlive = keepsAlive
            self.expectsContinue = expectsContinue
        }

        var testDescription: String { self.name }
    }

    static let heads: [Case] = [
        Case("GET", ["GET / HTTP/1.1", "Host: a"]),
        Case("an empty host", ["GET / HTTP/1.1", "Host:"]),
        Case("a length", ["PUT / HTTP/1.1", "Host: a", "Content-Length: 5"], .length(5)),
        Case("a length of 0", ["PUT / HTTP/1.1", "Host: a", "Content-Length: 0"], .length(0)),
        Case(
            "the longest length", ["PUT / HTTP/1.1", "Host: a", "content-length: 9223372036854775807"],
            .length(9_223_372_036_854_775_807)),
        Case("chunked", ["PUT / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked"], .chunked),
        Case("Chunked", ["PUT / HTTP/1.1", "Host: a", "TRANSFER-ENCODING:Chunked \t"], .chunked),
        Case("close", ["GET / HTTP/1.1", "Host: a", "Connection: close"], keepsAlive: false),
        Case("Close among others", ["GET / HTTP/1.1", "Host: a", "Connection: TE , Close"], keepsAlive: false),
        Case(
            "close beside keep-alive", ["GET / HTTP/1.1", "Host: a", "Connection: keep-alive, close"],
            keepsAlive: false),
        Case("closed is not close", ["GET / HTTP/1.1", "Host: a", "Connection: closed"]),
        Case("empty members", ["GET / HTTP/1.1", "Host: a", "Connection: , ,"]),
        Case("HTTP/1.0", ["GET / HTTP/1.0"], keepsAlive: false),
        // Keeping it open would have to be announced in the response (RFC 9112 §9.3).
        Case("HTTP/1.0 that would stay", ["GET / HTTP/1.0", "Connection: Keep-Alive"], keepsAlive: false),
        Case(
            "an expectation", ["PUT / HTTP/1.1", "Host: a", "Content-Length: 5", "Expect: 100-Continue"], .length(5),
            expectsContinue: true),
        // An HTTP/1.0 client's expectation is ignored (RFC 9110 §10.1.1).
        Case("an expectation in HTTP/1.0", ["PUT / HTTP/1.0", "Expect: 100-continue"], keepsAlive: false),
    ]

    @Test(arguments: Self.heads)
    func framingAndPersistenceAreRead(_ example: Case) throws {
        let parsed = try ParsedHead.parse(example.text)
        let (head, length) = try #require(parsed)
        #expect(length == example.text.utf8.count)
        #expect(head.framing == example.framing)
        #expect(head.keepsAlive == example.keepsAlive)
        #expect(head.expectsContinue == example.expectsContinue)
    }

    @Test
    func partsAreKeptAsReceived() throws {
        let head = try ParsedHead.complete(
            "GeT /a%2Fb/../c?x=1&y=%zz+? HTTP/1.1\r\nHOST:\t a \t\r\nX-Two:  b  c \r\nx-two: é\r\n\r\n")
        let request = head.request
        #expect(String(decoding: request.method, as: UTF8.self) == "GeT")
        #expect(String(decoding: request.path, as: UTF8.self) == "/a%2Fb/../c")
        #expect(String(decoding: request.query, as: UTF8.self) == "x=1&y=%zz+?")
        let names = request.fields.map { String(decoding: request.name(of: $0), as: UTF8.self) }
        let values = request.fields.map { String(decoding: request.value(of: $0), as: UTF8.self) }
        #expect(names == ["host", "x-two", "x-two"])
        #expect(values == ["a", "b  c", "é"])
    }

    /// A server takes the path out of an absolute form (RFC 9112 §3.2.2), and OPTIONS may ask of `*` (§3.2.4).
    @Test(arguments: [
        "http://storage.example.com/files/a?b=c": "/files/a?b=c", "https://storage.example.com:8081/": "/?",
        "http://storage.example.com//files": "//files?", "*": "*?", "/": "/?", "/a?": "/a?",
    ])
    func targetIsReducedToPathAndQuery(target: String, expected: String) throws {
        let request = try ParsedHead.complete(ParsedHead.lines("OPTIONS \(target) HTTP/1.1", "Host: a")).request
        let path = String(decoding: request.path, as: UTF8.self)
        let query = String(decoding: request.query, as: UTF8.self)
        #expect("\(path)?\(query)" == expected)
    }

    @Test
    func headIsAwaitedByteByByte() throws {
        let text = ParsedHead.lines("PUT /a HTTP/1.1", "Host: a", "Content-Length: 5")
        for length in 0..<text.utf8.count {
            let prefix = String(decoding: Array(text.utf8.prefix(length)), as: UTF8.self)
            let parsed = try ParsedHead.parse(prefix)
            #expect(parsed == nil, "\(length) bytes")
        }
    }

    @Test
    func whatFollowsTheHeadIsLeft() throws {
        let text = ParsedHead.lines("PUT /a HTTP/1.1", "Host: a", "Content-Length: 5")
        let parsed = try ParsedHead.parse("\(text)hello\n\nGET /b HTTP/1.1\n")
        let length = try #require(parsed).length
        #expect(length == text.utf8.count)
    }

    /// RFC 9112 §2.2: a server should ignore an empty line before the request line.
    @Test
    func emptyLineBeforeTheHeadIsSkipped() throws {
        let text = "\r\n\(ParsedHead.lines("GET /a HTTP/1.1", "Host: a"))"
        let parsed = try ParsedHead.parse(text)
        let (head, length) = try #require(parsed)
        #expect(length == text.utf8.count)
        #expect(String(decoding: head.request.path, as: UTF8.self) == "/a")
    }
}
