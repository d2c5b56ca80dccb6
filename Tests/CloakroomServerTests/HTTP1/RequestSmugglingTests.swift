import Testing

@testable import CloakroomServer

/// Heads that implementations are known to read differently: each is rejected, whatever follows.
struct RequestSmugglingTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let text: String
        let rejection: HeadRejection

        init(_ name: String, _ text: String, _ rejection: HeadRejection = .malformed) {
            self.name = name
            self.text = text
            self.rejection = rejection
        }

        /// A PUT with these field lines after `Host`.
        init(_ name: String, fields: String, _ rejection: HeadRejection = .malformed) {
            self.init(name, "PUT / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\n", rejection)
        }

        var testDescription: String { self.name }
    }

    static let lines: [Case] = [
        Case("bare LF after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n"),
        Case("bare LF after a field", "GET / HTTP/1.1\r\nHost: a\n\r\n"),
        Case("bare LF at the end", "GET / HTTP/1.1\r\nHost: a\r\n\n"),
        Case("bare LF first", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        Case("bare CR in a value", fields: "X: a\rContent-Length: 5"),
        Case("bare CR in the request line", "GET /\rx HTTP/1.1\r\nHost: a\r\n\r\n"),
        Case("bare CR that begins a line", fields: "\rContent-Length: 5"),
        Case("CR CR LF", "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n"),
        Case("folded line", fields: "X: a\r\n b"),
        Case("folded line with a tab", fields: "X: a\r\n\tContent-Length: 5"),
        Case("folded first line", "GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
        Case("NUL in a value", fields: "X: a\u{0}b"),
        Case("NUL in a name", fields: "X\u{0}: a"),
        Case("NUL in the target", "GET /\u{0} HTTP/1.1\r\nHost: a\r\n\r\n"),
        Case("DEL in a value", fields: "X: a\u{7F}"),
        Case("vertical tab in a value", fields: "Transfer-Encoding: \u{B}chunked"),
        Case("space before the colon", fields: "Content-Length : 5"),
        Case("tab before the colon", fields: "Content-Length\t: 5"),
        Case("no colon", fields: "Content-Length 5"),
        Case("no name", fields: ": 5"),
        Case("a name that is no token", fields: "Content(Length): 5"),
        Case("a name outside ASCII", fields: "Contént-Length: 5"),
    ]

    static let requestLines: [Case] = [
        Case("no target", "GET HTTP/1.1\r\nHost: a\r\n\r\n"),
        Case("two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
        Case("a tab", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"),
        Case("a space first", " GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        Case("a space last", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n"),
        Case("a space in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"),
        Case("no method", "/ HTTP/1.1\r\nHost: a\r\n\r\n"),
        Case("a method that is no token", "G(T / HTTP/1.1\r\nHost: a\r\n\r\n"),
        Case("no version", "GET /\r\nHost: a\r\n\r\n"),
        Case("a version in small letters", "GET / http/1.1\r\nHost: a\r\n\r\n"),
        Case("another protocol", "GET / ICY/1.1\r\nHost: a\r\n\r\n"),
        Case("HTTP/0.9", "GET / HTTP/0.9\r\nHost: a\r\n\r\n", .version),
        Case("HTTP/2.0", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", .version),
        Case("HTTP/1.10", "GET / HTTP/1.10\r\nHost: a\r\n\r\n"),
        Case("an absolute form without a path", "GET http://a HTTP/1.1\r\nHost: a\r\n\r\n"),
        Case("an absolute form without a host", "GET http:///a HTTP/1.1\r\nHost: a\r\n\r\n"),
        Case("an absolute form of another scheme", "GET ftp://a/b HTTP/1.1\r\nHost: a\r\n\r\n"),
        Case("an authority form", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n"),
        Case("a relative path", "GET files/a HTTP/1.1\r\nHost: a\r\n\r\n"),
        Case("nothing but empty lines", "\r\n\r\n"),
    ]

    static let framings: [Case] = [
        Case("length beside chunked", fields: "Content-Length: 5\r\nTransfer-Encoding: chunked"),
        Case("chunked beside length", fields: "Transfer-Encoding: chunked\r\nContent-Length: 5"),
        Case("a length of 0 beside chunked", fields: "Content-Length: 0\r\nTransfer-Encoding: chunked"),
        Case("two lengths", fields: "Content-Length: 5\r\nContent-Length: 6"),
        Case("the same length twice", fields: "Content-Length: 5\r\ncontent-length: 5"),
        Case("a list of lengths", fields: "Content-Length: 5, 5"),
        Case("a positive length", fields: "Content-Length: +5"),
        Case("a negative length", fields: "Content-Length: -5"),
        Case("a hexadecimal length", fields: "Content-Length: 0x5"),
        Case("a length with a fraction", fields: "Content-Length: 5.0"),
        Case("a length with a space", fields: "Content-Length: 1 5"),
        Case("an empty length", fields: "Content-Length:"),
        Case("a length past 64 bits", fields: "Content-Length: 9223372036854775808"),
        Case("a length that wraps to 5", fields: "Content-Length: 18446744073709551621"),
        Case("chunked in HTTP/1.0", "PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"),
        Case("chunked, chunked", fields: "Transfer-Encoding: chunked, chunked", .transferCoding),
        Case("chunked twice", fields: "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", .transferCoding),
        Case("gzip, chunked", fields: "Transfer-Encoding: gzip, chunked", .transferCoding),
        Case("chunked, identity", fields: "Transfer-Encoding: chunked, identity", .transferCoding),
        Case("identity", fields: "Transfer-Encoding: identity", .transferCoding),
        Case("xchunked", fields: "Transfer-Encoding: xchunked", .transferCoding),
        Case("chunked with a parameter", fields: "Transfer-Encoding: chunked;a=b", .transferCoding),
        Case("chunked in quotation marks", fields: "Transfer-Encoding: \"chunked\"", .transferCoding),
        Case("an empty coding", fields: "Transfer-Encoding:", .transferCoding),
        Case("another expectation", fields: "Expect: 200-ok", .expectation),
        Case("no host", "GET / HTTP/1.1\r\nX: a\r\n\r\n"),
        Case("two hosts", fields: "Host: b"),
        Case("the same host twice", fields: "host: a"),
        Case("two hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"),
    ]

    @Test(arguments: Self.lines + Self.requestLines + Self.framings)
    func ambiguousHeadIsRejected(_ example: Case) {
        let error = #expect(throws: RequestHeadError.self) { try ParsedHead.parse(example.text) }
        let rejection = error.map { HeadRejection($0) }
        #expect(rejection == example.rejection)
    }
}
