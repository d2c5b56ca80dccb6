import HTTPTypes
import Testing

@testable import CloakroomServer

/// Which parts an API connection passes on, which response is its last, and what becomes of it then.
struct APIConnectionMachineTests {
    enum Event: Sendable {
        case head, headThatExpectsContinue, body(Int), end
        case malformed, demand
        /// Parts of a response.
        case responseHead, interimHead, frameworksHead, responseBody(Int), responseEnd
        case flushed, quiesce
        /// Whether the API has connections to spare, for what was asked for last.
        case allowed(Bool)
        case read, readComplete
        case seconds(Int, waiting: Int? = nil)
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let events: [Event]
        let expected: [String]

        init(_ name: String, _ events: [Event], _ expected: [String]) {
            self.name = name
            self.events = events
            self.expected = expected
        }

        var testDescription: String { self.name }
    }

    private struct Script {
        var machine = APIConnectionMachine(maximumDrainedBytes: 1_000_000, downloadStallSeconds: 300)
        var trace: [String] = []
        var tick = 1_000
        private var asked = APIConnectionMachine.Action.none

        init(_ events: [Event], isOverLimit: Bool) {
            self.machine.opened(self.tick)
            if isOverLimit { self.machine.exceededLimit() }
            for event in events { self.play(event) }
        }

        private mutating func play(_ event: Event) {
            switch event {
            case .head: self.note(self.machine.headArrived(expectsContinue: false, self.tick), "head")
            case .headThatExpectsContinue:
                self.note(self.machine.headArrived(expectsContinue: true, self.tick), "head")
            case .body(let count): self.note(self.machine.bodyArrived(count), "body")
            case .end: self.note(self.machine.endArrived(nil), "end")
            case .malformed: self.machine.requestFailed(.tooLarge)
            case .demand: self.machine.bodyDemanded(self.tick)
            case .responseHead: self.note(self.machine.headWritten(.ours))
            case .interimHead: self.note(self.machine.headWritten(.informational))
            case .frameworksHead: self.note(self.machine.headWritten(.frameworks))
            case .responseBody(let count): self.note(self.machine.bodyWritten(count))
            case .responseEnd: self.note(self.machine.endWritten(self.tick))
            case .flushed: self.note(self.machine.lastResponseFlushed())
            case .quiesce: self.note(self.machine.quiesce())
            case .allowed(let isAllowed):
                let isStall = self.asked == .stall
                self.note(
                    isStall
                        ? self.machine.stall(isAllowed: isAllowed)
                        : self.machine.drain(isAllowed: isAllowed, self.tick))
            case .read: self.trace.append(self.machine.readRequested() ? "read" : "no read")
            case .readComplete: if self.machine.readCompleted() { self.trace.append("read on") }
            case .seconds(let count, let waiting):
                for _ in 0..<count {
                    self.tick += 1
                    self.note(self.machine.secondPassed(self.tick, waiting: waiting))
                }
            }
        }

        private mutating func note(_ action: APIConnectionMachine.PartAction, _ part: String) {
            switch action {
            case .forward: self.trace.append(part)
            case .drop: self.trace.append("drop \(part)")
            case .reject: self.trace.append("reject")
            case .perform(let action): self.note(action)
            }
        }

        private mutating func note(_ action: APIConnectionMachine.WriteAction) { self.trace.append("\(action)") }

        private mutating func note(_ action: APIConnectionMachine.Action) {
            guard action != .none else { return }
            self.asked = action
            self.trace.append("\(action)")
        }
    }

    private static func play(_ events: [Event], isOverLimit: Bool = false) -> [String] {
        Script(events, isOverLimit: isOverLimit).trace
    }

    private static let response: [Event] = [.responseHead, .responseEnd]
    private static let earlyRejection: [Event] = [.head, .body(10)] + response
    private static let rejected = ["head", "body", "writeLastHead", "writeLastEnd"]

    static let exchanges: [Case] = [
        Case("a request and its response", [.head, .end] + response, ["head", "end", "write", "writeEnd"]),
        Case(
            "pipelined requests", [.head, .end, .head, .end] + response + response,
            ["head", "end", "head", "end", "write", "writeEnd", "write", "writeEnd"]),
        Case(
            "100 Continue", [.headThatExpectsContinue, .demand, .interimHead, .body(5), .end] + response,
            ["head", "write", "body", "end", "write", "writeEnd"]),
        Case("a response before the body", earlyRejection, rejected),
        Case(
            "a response whose request arrives meanwhile",
            [.head, .responseHead, .body(5), .end, .responseBody(9), .responseEnd],
            ["head", "writeLastHead", "drop body", "drop end", "write", "writeLastEnd"]),
        Case(
            "what follows the last response is dropped",
            earlyRejection + [.head, .end] + response, rejected + ["drop head", "drop end", "drop", "drop"]),
        Case(
            "what the parser cannot read",
            [.malformed, .frameworksHead, .responseEnd, .responseEnd, .flushed],
            ["rejectMalformed", "writeLastEnd", "drop", "linger"]),
        Case(
            "a 400 of ours behind a request that is whole",
            [.head, .end, .malformed] + response, ["head", "end", "write", "writeEnd"]),
    ]

    static let drains: [Case] = [
        Case(
            "the rest of a body", earlyRejection + [.flushed, .allowed(true)],
            rejected + ["drain", "shutDownOutput"]),
        Case("no connections to spare", earlyRejection + [.flushed, .allowed(false)], rejected + ["drain", "linger"]),
        Case(
            "a body that was not asked for", [.headThatExpectsContinue] + response + [.flushed],
            ["head", "writeLastHead", "writeLastEnd", "linger"]),
        Case("a body that is complete", earlyRejection + [.end, .flushed], rejected + ["drop end", "linger"]),
        Case(
            "the body's end", earlyRejection + [.flushed, .allowed(true), .body(5), .end],
            rejected + ["drain", "shutDownOutput", "drop body", "close"]),
        Case(
            "too much of it", earlyRejection + [.flushed, .allowed(true), .body(1_000_000), .body(1)],
            rejected + ["drain", "shutDownOutput", "drop body", "linger"]),
        Case(
            "too slow", earlyRejection + [.flushed, .allowed(true), .seconds(20)],
            rejected + ["drain", "shutDownOutput", "linger"]),
        Case(
            "nothing is read for the framework", earlyRejection + [.flushed, .allowed(true), .read, .readComplete],
            rejected + ["drain", "shutDownOutput", "no read", "read on"]),
        Case(
            "a lingering connection has no other timeout",
            earlyRejection + [.flushed, .allowed(false), .read, .seconds(100)],
            rejected + ["drain", "linger", "no read"]),
    ]

    static let timeouts: [Case] = [
        Case("76 seconds without a request", [.read, .seconds(76)], ["read", "close"]),
        Case("20 seconds without a body", [.read, .head, .seconds(20)], ["read", "head", "close"]),
        Case("a body that is not read", [.read, .head, .readComplete, .seconds(100)], ["read", "head"]),
        Case(
            "a body behind its rejection", [.read, .head, .responseHead, .seconds(100)],
            ["read", "head", "writeLastHead"]),
        Case("a server that takes its time", [.head, .end, .seconds(1_000)], ["head", "end"]),
        Case(
            "nothing taken", [.head, .end, .responseHead, .seconds(20, waiting: 100_000), .allowed(false)],
            ["head", "end", "write", "stall", "close"]),
        Case(
            "taken again", [.head, .end, .responseHead, .seconds(20, waiting: 100_000), .allowed(true), .seconds(1)],
            ["head", "end", "write", "stall", "endStall"]),
        Case(
            "leave is asked for each second", [.head, .end, .responseHead, .seconds(21, waiting: 100_000)],
            ["head", "end", "write", "stall", "stall"]),
        Case(
            "nothing taken during a shutdown",
            [.quiesce, .head, .end, .responseHead, .seconds(20, waiting: 100_000)],
            ["head", "end", "write", "close"]),
        Case(
            "a shutdown while a client stalls",
            [.head, .end, .responseHead, .seconds(20, waiting: 100_000), .allowed(true), .quiesce],
            ["head", "end", "write", "stall", "close"]),
    ]

    @Test(arguments: Self.exchanges + Self.drains + Self.timeouts)
    func eventsLeadToActions(_ example: Case) {
        #expect(Self.play(example.events) == example.expected)
    }

    @Test
    func clientMayStallForFiveMinutes() {
        let events: [Event] = [.head, .end, .responseHead, .seconds(20, waiting: 100_000), .allowed(true)]
        #expect(Self.play(events + [.seconds(279, waiting: 100_000)]).last == "stall")
        #expect(Self.play(events + [.seconds(280, waiting: 100_000)]).last == "close")
    }

    static let rejections: [Case] = [
        Case(
            "a request", [.head, .body(5), .responseEnd, .flushed],
            ["reject", "drop body", "writeLastEnd", "linger"]),
        Case("a body without a head", [.body(5), .end], ["drop body", "drop end"]),
        Case(
            "what the parser cannot read", [.malformed, .frameworksHead, .responseEnd, .flushed],
            ["rejectMalformed", "writeLastEnd", "linger"]),
    ]

    @Test(arguments: Self.rejections)
    func connectionOverTheLimitIsRejected(_ example: Case) {
        #expect(Self.play(example.events, isOverLimit: true) == example.expected)
    }

    @Test
    func trailersAndLengthAreOfTheOldestRequest() {
        var machine = APIConnectionMachine(maximumDrainedBytes: 0, downloadStallSeconds: 0)
        machine.opened(0)
        _ = machine.headArrived(expectsContinue: false, 0)
        _ = machine.bodyArrived(5)
        _ = machine.endArrived([.contentType: "a/b"])
        _ = machine.headArrived(expectsContinue: false, 0)
        _ = machine.bodyArrived(7)
        #expect(machine.trailers == [.contentType: "a/b"])
        #expect(machine.bodyLength == 5)
        _ = machine.headWritten(.ours)
        _ = machine.endWritten(0)
        #expect(machine.trailers == nil)
        #expect(machine.bodyLength == 7)
    }

    /// What the log of a shutdown counts.
    @Test
    func activityIsThatOfTheRequest() {
        let idle = Script([], isOverLimit: false).machine
        #expect(idle.activity(hasBufferedBytes: false) == .other)
        #expect(idle.activity(hasBufferedBytes: true) == .download)
        #expect(Script([.head], isOverLimit: false).machine.activity(hasBufferedBytes: true) == .upload)
        #expect(Script([.head, .end], isOverLimit: false).machine.activity(hasBufferedBytes: false) == .download)
        let draining = Script(Self.earlyRejection + [.flushed, .allowed(true)], isOverLimit: false).machine
        #expect(draining.activity(hasBufferedBytes: true) == .other)
    }

    /// The framework ends our side after a response; the rest of a request comes first.
    @Test
    func outputStaysOpenUntilTheRestIsDropped() {
        #expect(!Script([], isOverLimit: false).machine.defersOutputClose)
        #expect(Script(Self.earlyRejection, isOverLimit: false).machine.defersOutputClose)
        let lingering = Script(Self.earlyRejection + [.flushed, .allowed(false)], isOverLimit: false).machine
        #expect(!lingering.defersOutputClose)
    }
}
