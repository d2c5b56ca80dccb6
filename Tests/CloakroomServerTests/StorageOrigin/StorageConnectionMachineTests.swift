import Testing

@testable import CloakroomServer

/// What arriving bytes lead to: requests one at a time, bodies, and the end of a connection.
struct StorageConnectionMachineTests {
    typealias Case = ConnectionCase

    static let fixed = Case.put("Content-Length: 5")
    static let expecting = Case.put("Content-Length: 5\r\nExpect: 100-continue")
    static let chunked = Case.put("Transfer-Encoding: chunked")

    static let requests: [Case] = [
        Case("a request", [.arrives(Case.get("/a"))], ["respond /a"]),
        Case("a request in pieces", [.arrives("GET /a HTTP/1.1\r\n"), .arrives("Host: a\r\n\r\n")], ["respond /a"]),
        Case(
            "pipelined requests wait for their turn",
            [.arrives(Case.get("/a") + Case.get("/b") + Case.get("/c")), .responded, .responded],
            ["respond /a", "respond /b", "respond /c"]),
        Case(
            "a pipelined request waits until responses have gone out",
            [.arrives(Case.get("/a") + Case.get("/b")), .writable(false), .responded, .writable(true)],
            ["respond /a", "respond /b"]),
        Case("no request", [.arrives("\u{0}\r\n\r\n"), .responded], ["reject", "end output"]),
        Case("what follows no request is not read", [.arrives("\u{0}\r\n\r\n" + Case.get("/a"))], ["reject"]),
        Case(
            "a client that asks to close",
            [.arrives("GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + Case.get("/b")), .responded],
            ["respond /a", "end all"]),
        Case("HTTP/1.0", [.arrives("GET /a HTTP/1.0\r\n\r\n"), .responded], ["respond /a", "end all"]),
    ]

    static let uploads: [Case] = [
        Case(
            "a body with its head",
            [.arrives(fixed + "hello" + Case.get("/b")), .accepted(5), .responded],
            ["respond /u", "receive 5", "trailers 0", "seal 5", "respond /b"]),
        Case(
            "a body in pieces", [.arrives(fixed), .accepted(5), .arrives("he"), .arrives("llo"), .responded],
            ["respond /u", "receive 2", "receive 3", "trailers 0", "seal 5"]),
        Case(
            "a body that was asked for", [.arrives(expecting), .accepted(5), .arrives("hello"), .responded],
            ["respond /u", "receive 5", "trailers 0", "seal 5"]),
        Case(
            "chunks and a trailer",
            [.arrives(chunked + "5\r\nhello\r\n0\r\nx: y\r\n\r\n"), .accepted(5), .responded],
            ["respond /u", "receive 5", "trailers 1", "seal 5"]),
        Case(
            "wrong trailers end the connection, whose body is read",
            [.trailersAreWrong, .arrives(chunked + "5\r\nhello\r\n0\r\n\r\n"), .accepted(5), .rejected],
            ["respond /u", "receive 5", "trailers 0", "end output"]),
        Case(
            "bytes gather while a write is under way",
            [
                .arrives(Case.put("Content-Length: 600000")), .accepted(600_000),
                .arrives(String(repeating: "x", count: 300_000)), .arrives(String(repeating: "x", count: 300_000)),
                .written, .responded,
            ], ["respond /u", "receive 300000", "write 300000", "receive 300000", "trailers 0", "seal 300000"]),
        Case(
            "broken chunks", [.arrives(chunked + "z\r\n"), .accepted(5), .rejected],
            [
                "respond /u", "reject upload: malformed(\"a chunk has no valid size\")", "end output",
            ]),
        Case(
            "more than declared", [.arrives(chunked + "6\r\nhello!"), .accepted(5), .rejected, .allowed(true)],
            ["respond /u", "reject upload: tooLong(received: 6)", "drain", "shut down output"]),
        Case(
            "more than a file may have",
            [
                .arrives(chunked + "f4241\r\n" + String(repeating: "x", count: 1_000_001)), .accepted(2_000_000),
                .rejected,
            ], ["respond /u", "reject upload: tooLarge(received: 1000001)", "drain"]),
        Case(
            "a write that fails while the body arrives",
            [.arrives(fixed + "he"), .accepted(5), .rejected], ["respond /u", "receive 2", "drain"]),
        Case(
            "a seal that fails keeps the connection",
            [.arrives(fixed + "hello" + Case.get("/b")), .accepted(5), .rejected],
            ["respond /u", "receive 5", "trailers 0", "seal 5", "respond /b"]),
    ]

    static let draining: [Case] = [
        Case(
            "a rejected body is dropped to its end",
            [.arrives(fixed + "he"), .responded, .allowed(true), .arrives("llo")],
            ["respond /u", "drain", "shut down output", "end all"]),
        Case(
            "a rejected body that has arrived", [.arrives(fixed + "hello"), .responded, .allowed(true)],
            ["respond /u", "drain", "shut down output", "end all"]),
        Case(
            "no connections to spare", [.arrives(fixed + "he"), .responded, .allowed(false)],
            ["respond /u", "drain", "end output"]),
        Case("a body that was not asked for", [.arrives(expecting), .responded], ["respond /u", "end output"]),
        Case(
            "at most the largest file and 1 MiB",
            [
                .arrives(Case.put("Content-Length: 9000000")), .responded, .allowed(true),
                .arrives(String(repeating: "x", count: 2_048_576)), .arrives("x"),
            ], ["respond /u", "drain", "shut down output", "end output"]),
        Case(
            "broken chunks end a drain", [.arrives(chunked), .responded, .allowed(true), .arrives("z\r\n")],
            ["respond /u", "drain", "shut down output", "end output"]),
        Case(
            "a request behind a drained body is not read",
            [.arrives(fixed + "hello" + Case.get("/b")), .responded, .allowed(true), .arrives(Case.get("/c"))],
            ["respond /u", "drain", "shut down output", "end all"]),
    ]

    @Test(arguments: Self.requests + Self.uploads + Self.draining)
    func bytesLeadToActions(_ example: Case) {
        #expect(ConnectionScript.play(example.events).trace == example.expected)
    }

    static let rejections: [Case] = [
        Case("nothing arrives", [], []),
        Case("half a head", [.arrives("GET /a HTTP/1.1\r\n")], []),
        Case(
            "a request", [.arrives(Case.get("/a") + Case.get("/b")), .responded],
            ["reject connection's request", "end output"]),
        Case("no request", [.arrives("\u{0}\r\n\r\n"), .responded], ["reject connection", "end output"]),
        Case("two seconds without one", [.seconds(2)], []),
        Case("three seconds without one", [.seconds(3)], ["close"]),
        Case("a half-close without one", [.inputClosed], ["close"]),
    ]

    @Test(arguments: Self.rejections)
    func connectionOverTheLimitIsRejectedOnceItsHeadArrives(_ example: Case) {
        #expect(ConnectionScript.play(example.events, isOverLimit: true).trace == example.expected)
    }

    @Test
    func oneReadAheadWhileAResponseIsMade() {
        #expect(ConnectionScript.play([.arrives(Case.get("/a"))]).machine.wantsRead)
        #expect(!ConnectionScript.play([.arrives(Case.get("/a") + "G")]).machine.wantsRead)
        #expect(ConnectionScript.play([.arrives(Case.get("/a") + "G"), .responded]).machine.wantsRead)
        #expect(!ConnectionScript.play([.writable(false)]).machine.wantsRead)
    }

    @Test
    func uploadIsReadUntilABatchHasGathered() {
        let head = Case.put("Content-Length: 900000")
        let batch = String(repeating: "x", count: 262_144)
        let events: [ConnectionScript.Event] = [.arrives(head), .accepted(900_000), .arrives(batch)]
        #expect(ConnectionScript.play(events).machine.wantsRead)
        #expect(!ConnectionScript.play(events + [.arrives(batch)]).machine.wantsRead)
        #expect(ConnectionScript.play(events + [.arrives(batch), .written]).machine.wantsRead)
    }

    @Test
    func keepAliveIsWithdrawnForAnUnreadBody() {
        #expect(ConnectionScript.play([.arrives(Case.get("/a"))]).machine.keepsAlive)
        #expect(!ConnectionScript.play([.arrives(Case.get("/a")), .quiesce]).machine.keepsAlive)
        #expect(!ConnectionScript.play([.arrives(Self.fixed)]).machine.keepsAlive)
        #expect(!ConnectionScript.play([.arrives(Self.expecting)]).machine.keepsAlive)
        #expect(ConnectionScript.play([.arrives(Self.fixed + "hello"), .accepted(5)]).machine.keepsAlive)
    }
}
