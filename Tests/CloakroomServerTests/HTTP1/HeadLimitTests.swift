import CloakroomDomain
import CloakroomDomain
import Testing

@testable import CloakroomServer

/// 16,384 bytes and 64 fields, and not one more.
struct HeadLimitTests {
    /// A head of so many bytes.
    private static func head(length: Int) -> String {
        let empty = ParsedHead.lines("GET / HTTP/1.1", "Host: a", "X: ")
        let padding = String(repeating: "x", count: length - empty.utf8.count)
        return ParsedHead.lines("GET / HTTP/1.1", "Host: a", "X: \(padding)")
    }

    @Test
    func largestHeadIsAccepted() throws {
        let parsed = try ParsedHead.parse(Self.head(length: 16_384))
        let length = try #require(parsed).length
        #expect(length == 16_384)
    }

    @Test(arguments: [16_385, 16_386, 65_536])
    func largerHeadIsRejected(length: Int) {
        #expect(throws: RequestHeadError.tooLarge) { try ParsedHead.parse(Self.head(length: length)) }
    }

    /// A head without an end is not waited for beyond the limit.
    @Test
    func endlessHeadIsRejected() throws {
        let parsed = try ParsedHead.parse(String(Self.head(length: 20_000).prefix(16_000)))
        #expect(parsed == nil)
        let endless = "GET /\(String(repeating: "x", count: 16_384))"
        #expect(throws: RequestHeadError.tooLarge) { try ParsedHead.parse(endless) }
    }

    @Test
    func sixtyFourFieldsAreAcceptedAndNoMore() throws {
        let fields = (0..<63).map { "X-\($0): a\r\n" }.joined()
        let head = try ParsedHead.complete("GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n")
        #expect(head.request.fields.count == 64)
        #expect(throws: RequestHeadError.tooLarge) {
            try ParsedHead.parse("GET / HTTP/1.1\r\nHost: a\r\n\(fields)X-63: a\r\n\r\n")
        }
    }

    /// What follows a complete head does not count.
    @Test
    func bodyBehindTheHeadDoesNotCount() throws {
        let head = ParsedHead.lines("PUT / HTTP/1.1", "Host: a", "Content-Length: 100000")
        let parsed = try ParsedHead.parse(head + String(repeating: "x", count: 100_000))
        let length = try #require(parsed).length
        #expect(length == head.utf8.count)
    }
}
