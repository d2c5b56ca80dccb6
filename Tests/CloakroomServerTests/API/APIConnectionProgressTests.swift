import Testing

@testable import CloakroomServer

/// When a client of the API does not get on: 75 seconds without a request, or fewer than 10,240 bytes in 20 seconds.
struct APIConnectionProgressTests {
    /// What happens on a connection.
    enum Event: Sendable {
        case head, headThatExpectsContinue, body(Int), end, demand, sent(Int), responded
        /// So many seconds pass, each with these bytes waiting for the client, read or not.
        case seconds(Int, waiting: Int? = nil, isReading: Bool = true)
        /// So many seconds pass in which the client sends so many bytes of a body each.
        case bodyEachSecond(Int, seconds: Int)
        /// So many seconds pass in which an answer grows by so many bytes each, and the client takes as many.
        case answerEachSecond(Int, seconds: Int, waiting: Int)
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let events: [Event]
        /// After the last event; before, the connection is kept.
        let verdict: APIConnectionProgress.Verdict

        init(_ name: String, _ events: [Event], _ verdict: APIConnectionProgress.Verdict) {
            self.name = name
            self.events = events
            self.verdict = verdict
        }

        var testDescription: String { self.name }
    }

    /// Plays events from some second on, and returns what was said each second.
    private static func play(_ events: [Event]) -> [APIConnectionProgress.Verdict] {
        var progress = APIConnectionProgress()
        var tick = 1_000
        var verdicts: [APIConnectionProgress.Verdict] = []
        func pass(waiting: Int? = nil, isReading: Bool = true) {
            tick += 1
            verdicts.append(progress.secondPassed(tick, waiting: waiting, isReading: isReading))
        }
        progress.opened(tick)
        for event in events {
            switch event {
            case .head: progress.requestBegan(tick, expectsContinue: false)
            case .headThatExpectsContinue: progress.requestBegan(tick, expectsContinue: true)
            case .body(let count): progress.bodyArrived(count)
            case .end: progress.requestArrived()
            case .demand: progress.bodyDemanded(tick)
            case .sent(let count): progress.responseGrew(by: count)
            case .responded: progress.responded(tick)
            case .seconds(let count, let waiting, let isReading):
                for _ in 0..<count { pass(waiting: waiting, isReading: isReading) }
            case .bodyEachSecond(let bytes, let seconds):
                for _ in 0..<seconds {
                    progress.bodyArrived(bytes)
                    pass()
                }
            case .answerEachSecond(let bytes, let seconds, let waiting):
                for _ in 0..<seconds {
                    progress.responseGrew(by: bytes)
                    pass(waiting: waiting)
                }
            }
        }
        return verdicts
    }

    static let requests: [Case] = [
        Case("75 seconds without a request", [.seconds(75)], .kept),
        Case("76 seconds without a request", [.seconds(76)], .idle),
        Case(
            "time between requests counts from the answer",
            [.seconds(70), .head, .end, .seconds(70), .responded, .seconds(75)], .kept),
        Case("an idle connection after an answer", [.head, .end, .responded, .seconds(76)], .idle),
        Case("a server that takes its time", [.head, .end, .seconds(1_000)], .kept),
    ]

    static let bodies: [Case] = [
        Case("no body in 19 seconds", [.head, .seconds(19)], .kept),
        Case("no body in 20 seconds", [.head, .seconds(20)], .sendsTooSlowly),
        Case("a byte a second", [.head, .bodyEachSecond(1, seconds: 20)], .sendsTooSlowly),
        Case("a byte a second too few", [.head, .bodyEachSecond(511, seconds: 20)], .sendsTooSlowly),
        Case("just fast enough for ever", [.head, .bodyEachSecond(512, seconds: 1_000)], .kept),
        Case("fast, then nothing", [.head, .body(1_000_000), .seconds(40)], .sendsTooSlowly),
        Case("a server that does not read", [.head, .seconds(1_000, isReading: false)], .kept),
        Case(
            "a window begins when the server reads again",
            [.head, .seconds(19, isReading: false), .seconds(19)], .kept),
        Case("and ends in time", [.head, .seconds(19, isReading: false), .seconds(20)], .sendsTooSlowly),
        Case("a client that waits to be asked", [.headThatExpectsContinue, .seconds(75)], .kept),
        Case("but is never asked", [.headThatExpectsContinue, .seconds(76)], .idle),
        Case(
            "a window begins when the body is asked for",
            [.headThatExpectsContinue, .seconds(19), .demand, .seconds(19)], .kept),
        Case("asked, and silent", [.headThatExpectsContinue, .demand, .seconds(20)], .sendsTooSlowly),
        Case("unasked, and slow", [.headThatExpectsContinue, .body(1), .seconds(20)], .sendsTooSlowly),
        Case("a body whose turn has not come", [.head, .end, .head, .seconds(1_000)], .kept),
        Case("a body whose turn has come", [.head, .end, .head, .responded, .seconds(20)], .sendsTooSlowly),
    ]

    static let responses: [Case] = [
        Case("nothing taken in 19 seconds", [.head, .end, .seconds(19, waiting: 100_000)], .kept),
        Case("nothing taken in 20 seconds", [.head, .end, .seconds(20, waiting: 100_000)], .takesTooSlowly),
        Case(
            "nothing taken of an answer that is whole",
            [.head, .end, .responded, .seconds(20, waiting: 100_000)], .takesTooSlowly),
        Case("a disk that is waited for", [.head, .end, .seconds(19, waiting: 100_000), .seconds(1_000)], .kept),
        Case(
            "as many bytes taken as come",
            [.head, .end, .answerEachSecond(1_048_576, seconds: 1_000, waiting: 300_000)], .kept),
        Case("too few of them", [.head, .end, .answerEachSecond(100, seconds: 20, waiting: 300_000)], .takesTooSlowly),
        Case(
            "an idle time begins when the answer has been taken",
            [.head, .end, .sent(100_000), .responded, .answerEachSecond(600, seconds: 200, waiting: 1), .seconds(75)],
            .kept),
        Case(
            "a body waits for the answer before it",
            [.head, .end, .head, .responded, .answerEachSecond(600, seconds: 200, waiting: 1), .seconds(19)], .kept),
    ]

    @Test(arguments: Self.requests + Self.bodies + Self.responses)
    func clientThatDoesNotGetOnIsNoticed(_ example: Case) {
        let verdicts = Self.play(example.events)
        #expect(verdicts.last == example.verdict)
        #expect(verdicts.dropLast().allSatisfy { $0 == .kept })
    }

    /// Whether an answer is the last of its connection is decided by this.
    @Test
    func answerIsDueOnceItsRequestHasArrived() {
        var progress = APIConnectionProgress()
        #expect(!progress.isResponseDue)
        progress.requestBegan(0, expectsContinue: false)
        progress.bodyArrived(1)
        #expect(!progress.isResponseDue)
        progress.requestArrived()
        progress.requestBegan(0, expectsContinue: false)
        #expect(progress.isResponseDue)
        progress.responded(0)
        #expect(!progress.isResponseDue)
    }
}
