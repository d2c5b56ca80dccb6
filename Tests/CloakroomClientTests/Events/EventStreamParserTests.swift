import NIOCore
import Testing

@testable import CloakroomClient

/// Streams and what WHATWG's HTML says of them (§9.2.5 and §9.2.6).
struct EventStreamParserTests {
    typealias Item = EventStreamParser.Item

    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let bytes: [UInt8]
        let items: [Item]

        var testDescription: String { self.name }

        init(_ name: String, _ stream: String, _ items: [Item]) {
            self.init(name, Array(stream.utf8), items)
        }

        init(_ name: String, _ bytes: [UInt8], _ items: [Item]) {
            self.name = name
            self.bytes = bytes
            self.items = items
        }
    }

    private static func message(_ data: String, type: String = "message", id: String = "") -> Item {
        .event(type: type, data: data, id: id)
    }

    /// The examples of §9.2.6, with what its text says of them.
    private static let examples = [
        Case("stock ticker", "data: YHOO\ndata: +2\ndata: 10\n\n", [message("YHOO\n+2\n10")]),
        Case(
            "test stream",
            ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
            [message("first event", id: "1"), message("second event"), message(" third event")]),
        Case("empty data", "data\n\ndata\ndata\n\ndata:", [message(""), message("\n")]),
        Case("optional space", "data:test\n\ndata: test\n\n", [message("test"), message("test")]),
        Case(
            "types", "event: add\ndata: 73857293\n\nevent: remove\ndata: 2153\n\nevent: add\ndata: 113411\n\n",
            [
                message("73857293", type: "add"), message("2153", type: "remove"),
                message("113411", type: "add"),
            ]),
    ]

    /// The rules of §9.2.5 and §9.2.6, each by itself.
    private static let rules = [
        Case("carriage returns", "data: a\rdata: b\r\rdata: c\r\r", [message("a\nb"), message("c")]),
        Case("pairs", "data: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n", [message("a\nb"), message("c")]),
        Case("all three", "data: a\r\ndata: b\rdata: c\n\r\ndata: d\n\r", [message("a\nb\nc"), message("d")]),
        Case("a line feed and a carriage return are two ends", "data: a\n\rdata: b\n\n", [message("a"), message("b")]),
        Case("byte order mark", "\u{FEFF}data: a\n\n", [message("a")]),
        Case("byte order mark twice", "\u{FEFF}\u{FEFF}data: a\n\ndata: b\n\n", [message("b")]),
        Case("byte order mark later", "\n\u{FEFF}data: a\n\ndata: \u{FEFF}b\n\n", [message("\u{FEFF}b")]),
        Case("byte order mark alone", "\u{FEFF}\ndata: a\n\n", [message("a")]),
        Case("comments", ":\n: x\n:data: y\ndata: a\n: z\ndata: b\n:\n\n", [message("a\nb")]),
        Case("fields that are none", "Data: a\ndata : b\n data: c\nfoo\nfoo: bar\n\n", []),
        Case("colons in a value", "data: a: b:\n\n", [message("a: b:")]),
        Case("a tabulator is no space", "data:\ta\n\n", [message("\ta")]),
        Case("the last type counts", "event: a\nevent: b\ndata: 1\n\n", [message("1", type: "b")]),
        Case("a type without data is dropped", "event: a\n\ndata: 1\n\n", [message("1")]),
        Case("an empty type is none", "event: a\nevent\ndata: 1\n\n", [message("1")]),
        Case("an id stays", "id: 1\ndata: a\n\ndata: b\n\n", [message("a", id: "1"), message("b", id: "1")]),
        Case("an id with a NUL is ignored", "id: 1\nid: 2\0\ndata: a\n\n", [message("a", id: "1")]),
        Case(
            "an id without data is a place", "id: 1\n\n: x\n\ndata: a\n\n", [.place(id: "1"), message("a", id: "1")]),
        Case("an id in an event that is cut off", "data: a\n\nid: 2\ndata: b\n", [message("a")]),
        Case("retry", "retry: 3000\n\nretry:1\n\n", [.retry(.milliseconds(3_000)), .retry(.milliseconds(1))]),
        Case(
            "no number to retry",
            "retry\nretry:\nretry: -1\nretry: 1.5\nretry: 0x1\nretry: 1 \nretry:  1\nretry: ١\n\n",
            []),
        Case("nothing", "", []),
        Case("blank lines", "\n\r\n\r\n\n", []),
        Case("letters of several bytes", "data: é写🦊\nevent: ü\nid: ø\n\n", [message("é写🦊", type: "ü", id: "ø")]),
        Case("what is no UTF-8", Array("data: a".utf8) + [0xFF, 0x0A, 0x0A], [message("a\u{FFFD}")]),
        Case("letter that is cut off", Array("data: ".utf8) + [0xE5, 0x86, 0x0A, 0x0A], [message("\u{FFFD}")]),
        Case(
            "as the service sends it",
            "retry: 3000\n: connected\n\nid: 0a.1\nevent: file.ready\ndata: {\"type\":\"file.ready\"}\n\n"
                + ": none\nid: 0a.2\n\n",
            [
                .retry(.milliseconds(3_000)), message(#"{"type":"file.ready"}"#, type: "file.ready", id: "0a.1"),
                .place(id: "0a.2"),
            ]),
    ]

    private static func items(_ parts: [ArraySlice<UInt8>]) throws -> [Item] {
        var parser = EventStreamParser()
        var items: [Item] = []
        for part in parts {
            var part = ByteBuffer(bytes: part)
            while let item = try parser.next(from: &part) { items.append(item) }
            #expect(part.readableBytes == 0)
        }
        return items
    }

    @Test(arguments: examples + rules)
    func streamIsRead(example: Case) throws {
        #expect(try Self.items([example.bytes[...]]) == example.items)
    }

    @Test(arguments: examples + rules)
    func partsMayEndAnywhere(example: Case) throws {
        let bytes = example.bytes
        for first in 0...bytes.count {
            for second in first...bytes.count {
                let parts = [bytes[..<first], bytes[first..<second], bytes[second...]]
                guard try Self.items(parts) != example.items else { continue }
                Issue.record("split at \(first) and \(second)")
                return
            }
        }
        #expect(try Self.items(bytes.indices.map { bytes[$0...$0] }) == example.items)
    }

    @Test func eventsHaveALimit() throws {
        let line = "data: " + String(repeating: "x", count: 32_762)
        // Of this line 32,763 bytes are kept, a line feed among them; the next has 32,773.
        let rest = "data: " + String(repeating: "y", count: 32_767)
        let items = try Self.items([Array("\(line)\n\(rest)\n\n".utf8)[...]])
        guard case .event(_, let data, _) = items.first else {
            Issue.record("\(items.count) items")
            return
        }
        #expect(data.utf8.count == 32_762 + 1 + 32_767)
        for stream in ["\(line)\n\(rest)z", ":" + String(repeating: "x", count: 65_536)] {
            let bytes = Array(stream.utf8)
            #expect(throws: EventStreamParser.TooLong.self) { try Self.items([bytes[...]]) }
            #expect(throws: EventStreamParser.TooLong.self) { try Self.items(bytes.indices.map { bytes[$0...$0] }) }
        }
    }
}
