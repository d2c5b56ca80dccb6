import CloakroomDomain
import NIOCore
import Testing

@testable import CloakroomServer

/// Plays events on a connection's machine, and writes down what it asks for.
struct ConnectionScript {
    enum Event: Sendable {
        case arrives(String)
        /// The response to the request has been handed to the network.
        case responded
        /// An upload's head is accepted, with the declared size.
        case accepted(Int64)
        /// The request is rejected, and the response handed to the network.
        case rejected
        /// The trailers of the next complete body are rejected.
        case trailersAreWrong
        case written
        case lookUp, found
        case inputClosed, quiesce, closed
        /// Whether the origin has connections to spare, for what was asked for last.
        case allowed(Bool)
        case writable(Bool)
        /// So many seconds pass, each with these bytes waiting for the client.
        case seconds(Int, buffered: Int = 0, unacknowledged: Int = 0)
        /// So many seconds pass in which so many bytes go out each, while others wait.
        case sends(Int, eachOf: Int, buffered: Int)
    }

    static let limits = StorageOriginLimits(
        headTimeoutSeconds: 15, idleTimeoutSeconds: 75,
        lowestRate: LowestRate(bytesPerSecond: 512, windowSeconds: 20), downloadStallSeconds: 300)
    static let maximumSize: Int64 = 1_000_000

    private(set) var machine = StorageConnectionMachine(limits: Self.limits, maximumSize: Self.maximumSize)
    private(set) var trace: [String] = []
    private var tick = 1_000
    private var asked = StorageConnectionMachine.Action.none
    private var acceptsTrailers = true

    init(isOverLimit: Bool = false) {
        self.machine.opened(isOverLimit: isOverLimit, self.tick)
    }

    static func play(_ events: [Event], isOverLimit: Bool = false) -> ConnectionScript {
        var script = ConnectionScript(isOverLimit: isOverLimit)
        for event in events { script.play(event) }
        return script
    }

    private mutating func play(_ event: Event) {
        switch event {
        case .arrives(let text):
            self.machine.bytesArrived(ByteBuffer(string: text), self.tick)
            self.process()
        case .responded: self.note(self.machine.responded(self.tick))
        case .rejected:
            self.machine.rejected()
            self.note(self.machine.responded(self.tick))
        case .accepted(let size):
            self.machine.uploadAccepted(declaredSize: size, self.tick)
            self.process()
        case .trailersAreWrong: self.acceptsTrailers = false
        case .written:
            self.note(self.machine.writeFinished())
            self.process()
        case .lookUp: self.machine.lookUpBegan()
        case .found: self.trace.append(self.machine.lookUpEnded() ? "found" : "too late")
        case .inputClosed: self.note(self.machine.inputClosed(self.tick))
        case .quiesce: self.note(self.machine.quiesce(self.tick))
        case .closed: self.note(self.machine.closed())
        case .allowed(let isAllowed): self.allow(isAllowed)
        case .writable(let isWritable):
            self.machine.isWritable = isWritable
            if isWritable { self.process() }
        case .seconds(let count, let buffered, let unacknowledged):
            for _ in 0..<count { self.pass(buffered, unacknowledged) }
        case .sends(let seconds, let bytes, let buffered):
            for _ in 0..<seconds {
                self.machine.sent(bytes)
                self.pass(buffered, 0)
            }
        }
    }

    private mutating func pass(_ buffered: Int, _ unacknowledged: Int) {
        self.tick += 1
        self.note(self.machine.secondPassed(self.tick, buffered: buffered, unacknowledged: unacknowledged))
    }

    private mutating func allow(_ isAllowed: Bool) {
        if self.asked == .stall {
            self.note(self.machine.stall(isAllowed: isAllowed))
        } else {
            self.note(self.machine.drain(isAllowed: isAllowed, self.tick))
        }
    }

    private mutating func note(_ action: StorageConnectionMachine.Action) {
        guard action != .none else { return }
        self.asked = action
        if action != .process { self.trace.append(Self.text(action)) }
        if action == .process || action == .shutDownOutput { self.process() }
    }

    private mutating func note(_ action: UploadMachine.Action) {
        switch action {
        case .none: break
        case .write(let batch): self.trace.append("write \(batch.readableBytes)")
        case .seal(let batch): self.trace.append("seal \(batch.readableBytes)")
        }
    }

    private mutating func process() {
        while true {
            switch self.machine.next(self.tick) {
            case .wait: return
            case .respond(let head):
                self.trace.append("respond \(String(decoding: head.request.path, as: UTF8.self))")
            case .reject: self.trace.append("reject")
            case .rejectConnection(let head):
                self.trace.append(head == nil ? "reject connection" : "reject connection's request")
            case .receive(let count, let action):
                self.trace.append("receive \(count)")
                self.note(action)
            case .readTrailers(let lines):
                self.trace.append("trailers \(lines.count)")
                if self.acceptsTrailers { self.note(self.machine.trailersAccepted()) }
            case .perform(let action): self.note(action)
            }
        }
    }

    private static func text(_ action: StorageConnectionMachine.Action) -> String {
        switch action {
        case .none: "none"
        case .process: "process"
        case .close: "close"
        case .end(.output): "end output"
        case .end: "end all"
        case .drain: "drain"
        case .shutDownOutput: "shut down output"
        case .stall: "stall"
        case .endStall: "end stall"
        case .rejectUpload(let fault): "reject upload: \(fault)"
        case .abandonUpload: "abandon upload"
        case .cancelLookUp: "cancel look-up"
        }
    }
}

/// A script of events, and what the machine asks for.
struct ConnectionCase: CustomTestStringConvertible, Sendable {
    let name: String
    let events: [ConnectionScript.Event]
    let expected: [String]

    init(_ name: String, _ events: [ConnectionScript.Event], _ expected: [String]) {
        self.name = name
        self.events = events
        self.expected = expected
    }

    var testDescription: String { self.name }

    static func get(_ path: String) -> String { "GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n" }

    static func put(_ framing: String) -> String { "PUT /u HTTP/1.1\r\nHost: a\r\n\(framing)\r\n\r\n" }
}
