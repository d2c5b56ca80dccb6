import Testing

@testable import CloakroomServer

/// What ends a connection, in each of its states: half-close, shutdown, timeouts, and the client's going.
struct ConnectionEndingTests {
    typealias Case = ConnectionCase
    typealias Event = ConnectionScript.Event

    /// Events that lead to a state, and what they ask for.
    struct Stage: Sendable {
        let state: StorageConnectionMachine.State
        let events: [Event]
        let trace: [String]

        func then(_ name: String, _ events: [Event], _ expected: [String]) -> Case {
            Case("\(self.state): \(name)", self.events + events, self.trace + expected)
        }
    }

    static let upload = Case.put("Content-Length: 5")
    static let readingHead = Stage(state: .readingHead, events: [], trace: [])
    static let withinHead = Stage(state: .readingHead, events: [.arrives("GET /a")], trace: [])
    static let idle = Stage(
        state: .readingHead, events: [.arrives(Case.get("/a")), .responded], trace: ["respond /a"])
    static let lookingUp = Stage(
        state: .lookingUp, events: [.arrives(Case.get("/a")), .lookUp], trace: ["respond /a"])
    static let receiving = Stage(
        state: .receiving, events: [.arrives(upload), .accepted(5), .arrives("he")],
        trace: ["respond /u", "receive 2"])
    static let sealing = Stage(
        state: .responding, events: [.arrives(upload + "hello"), .accepted(5)],
        trace: ["respond /u", "receive 5", "trailers 0", "seal 5"])
    static let responding = Stage(state: .responding, events: [.arrives(Case.get("/a"))], trace: ["respond /a"])
    static let draining = Stage(
        state: .draining, events: [.arrives(upload), .responded, .allowed(true)],
        trace: ["respond /u", "drain", "shut down output"])
    static let lingering = Stage(
        state: .lingering, events: [.arrives("GET /a HTTP/1.0\r\n\r\n"), .responded],
        trace: ["respond /a", "end all"])
    /// A response waits for a client that takes nothing, with leave.
    static let stalled = Stage(
        state: .responding,
        events: [.arrives(Case.get("/a")), .seconds(20, buffered: 100_000), .allowed(true)],
        trace: ["respond /a", "stall"])

    @Test(arguments: [readingHead, withinHead, idle, lookingUp, receiving, sealing, responding, draining, lingering])
    func stageIsReached(_ stage: Stage) {
        let script = ConnectionScript.play(stage.events)
        #expect(script.machine.state == stage.state)
        #expect(script.trace == stage.trace)
    }

    static let halfCloses: [Case] = [
        readingHead.then("half-close", [.inputClosed], ["end all"]),
        withinHead.then("half-close", [.inputClosed], ["end all"]),
        idle.then("half-close", [.inputClosed], ["end all"]),
        lookingUp.then("half-close", [.inputClosed, .found, .responded], ["found", "end all"]),
        receiving.then(
            "half-close", [.inputClosed, .rejected], ["reject upload: incomplete(received: 2)", "end output"]),
        sealing.then("half-close", [.inputClosed, .responded], ["end all"]),
        responding.then("half-close", [.inputClosed, .responded], ["end all"]),
        responding.then(
            "half-close behind another request", [.arrives(Case.get("/b")), .inputClosed, .responded, .responded],
            ["respond /b", "end all"]),
        responding.then(
            "half-close while the response has not gone out",
            [.inputClosed, .writable(false), .responded, .writable(true)], ["end all"]),
        draining.then("half-close", [.inputClosed], ["end all"]),
        lingering.then("half-close", [.inputClosed], ["close"]),
        Case(
            "half-close before a rejection: nothing is left to drain",
            [.arrives(upload), .inputClosed, .responded], ["respond /u", "end output"]),
    ]

    static let shutdowns: [Case] = [
        readingHead.then("shutdown", [.quiesce], ["end all"]),
        withinHead.then("shutdown", [.quiesce, .arrives(" HTTP/1.0\r\n\r\n"), .responded], ["respond /a", "end all"]),
        idle.then("shutdown", [.quiesce], ["end all"]),
        lookingUp.then("shutdown", [.quiesce, .found, .responded], ["found", "end all"]),
        receiving.then(
            "shutdown", [.quiesce, .arrives("llo"), .responded], ["receive 3", "trailers 0", "seal 5", "end all"]),
        responding.then("shutdown", [.quiesce, .arrives(Case.get("/b")), .responded], ["end all"]),
        draining.then("shutdown", [.quiesce], ["end output"]),
        lingering.then("shutdown", [.quiesce], []),
        stalled.then("shutdown", [.quiesce], ["close"]),
        Case("a rejection during a shutdown", [.arrives(upload), .quiesce, .responded], ["respond /u", "end output"]),
    ]

    static let departures: [Case] = [
        readingHead.then("close", [.closed], []),
        lookingUp.then("close", [.closed, .found], ["cancel look-up", "too late"]),
        receiving.then("close", [.closed], ["abandon upload"]),
        sealing.then("close", [.closed], []),
        responding.then("close", [.closed], []),
        draining.then("close", [.closed], []),
    ]

    static let timeouts: [Case] = [
        readingHead.then("15 seconds", [.seconds(15)], []),
        readingHead.then("16 seconds", [.seconds(16)], ["close"]),
        withinHead.then("15 seconds from the first byte", [.seconds(15)], []),
        withinHead.then("16 seconds", [.seconds(16)], ["close"]),
        readingHead.then(
            "the time for a head counts from its first byte", [.seconds(15), .arrives("GET"), .seconds(15)], []),
        idle.then("75 seconds", [.seconds(75)], []),
        idle.then("76 seconds", [.seconds(76)], ["close"]),
        idle.then("part of a head, then 16 seconds", [.arrives("GET"), .seconds(16)], ["close"]),
        idle.then("a response on its way", [.sends(100, eachOf: 600, buffered: 1), .seconds(75)], []),
        lookingUp.then("a server that takes its time", [.seconds(1_000)], []),
        responding.then("a server that takes its time", [.seconds(1_000)], []),
        responding.then("nothing taken in 19 seconds", [.seconds(19, buffered: 100_000)], []),
        responding.then("nothing taken in 20 seconds", [.seconds(20, buffered: 100_000)], ["stall"]),
        responding.then("no leave", [.seconds(20, buffered: 100_000), .allowed(false)], ["stall", "close"]),
        responding.then("512 bytes a second", [.sends(1_000, eachOf: 512, buffered: 100_000)], []),
        responding.then(
            "shutdown, and nothing taken", [.quiesce, .seconds(20, buffered: 100_000)], ["close"]),
        stalled.then("299 seconds in all", [.seconds(279, buffered: 100_000)], []),
        stalled.then("300 seconds in all", [.seconds(280, buffered: 100_000)], ["close"]),
        stalled.then("the client takes all", [.seconds(1)], ["end stall"]),
        stalled.then("the response is complete", [.responded, .seconds(1)], []),
        receiving.then("19 seconds without a byte", [.seconds(19)], []),
        receiving.then(
            "20 seconds without a byte", [.seconds(20), .rejected], ["reject upload: tooSlow", "end output"]),
        sealing.then("a disk that takes its time", [.seconds(1_000)], []),
        draining.then("19 seconds without a byte", [.seconds(19)], []),
        draining.then("20 seconds without a byte", [.seconds(20)], ["end output"]),
        lingering.then("2 seconds", [.seconds(2)], []),
        lingering.then("3 seconds", [.seconds(3)], ["close"]),
        lingering.then("a last response on its way", [.sends(10, eachOf: 600, buffered: 1)], []),
    ]

    @Test(arguments: Self.halfCloses + Self.shutdowns + Self.departures + Self.timeouts)
    func eventInAStateLeadsToActions(_ example: Case) {
        #expect(ConnectionScript.play(example.events).trace == example.expected)
    }

    /// However fast the rest of a rejected body comes.
    @Test
    func drainEndsAfterAMinute() {
        let head = Case.put("Content-Length: 900000")
        let second: [Event] = [.arrives(String(repeating: "x", count: 1_000)), .seconds(1)]
        let events: [Event] = [.arrives(head), .responded, .allowed(true)]
        let minute = ConnectionScript.play(events + (0..<60).flatMap { _ in second })
        #expect(minute.trace.last == "shut down output")
        let more = ConnectionScript.play(events + (0..<61).flatMap { _ in second })
        #expect(more.trace.last == "end output")
    }

    /// As while a response is made: one read ahead, and nothing is taken.
    @Test
    func nothingIsTakenDuringALookUp() {
        let waiting = ConnectionScript.play(Self.lookingUp.events)
        #expect(waiting.machine.wantsRead)
        let ahead = ConnectionScript.play(Self.lookingUp.events + [.arrives(Case.get("/b"))])
        #expect(!ahead.machine.wantsRead)
        #expect(ahead.trace == Self.lookingUp.trace)
        let found = ConnectionScript.play(Self.lookingUp.events + [.arrives(Case.get("/b")), .found, .responded])
        #expect(found.trace == Self.lookingUp.trace + ["found", "respond /b"])
    }
}
