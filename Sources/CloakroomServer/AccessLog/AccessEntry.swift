import CloakroomDomain
import Glibc
import NIOCore
import Synchronization

/// A request's line of the access log, while it is under way.
///
/// The line is written when the response has been handed to the network, else when nobody has the entry any more: a request
/// that is cut off has a line too. Everything in it comes from a closed set, from the catalogue or from a clock.
final class AccessEntry: Sendable {
    /// Whose listener the request came to.
    enum Origin: String, Sendable {
        case api, storage
    }

    private struct State {
        var route: String
        var status: Int?
        var bytesReceived: Int64 = 0
        var bytesSent: Int64 = 0
        var organization: OrganizationID?
        var keyID: String?
        var isWritten = false
    }

    private let log: AccessLog
    private let origin: Origin
    private let requestID: String
    private let receivedAt: WallTime
    private let startedAt = NIODeadline.now()
    private let state: Mutex<State>

    /// Begins an entry for a request whose head has arrived.
    init(_ log: AccessLog, _ origin: Origin, requestID: String, route: String) {
        self.log = log
        self.origin = origin
        self.requestID = requestID
        self.receivedAt = WallTime()
        self.state = Mutex(State(route: route))
    }

    deinit {
        self.write(isComplete: false)
    }

    /// Notes the route, as the metrics' label has it.
    func note(route: String) { self.state.withLock { $0.route = route } }

    func note(keyID: String) { self.state.withLock { $0.keyID = keyID } }

    func note(_ organization: OrganizationID?) { self.state.withLock { $0.organization = organization } }

    /// Notes the status of the response, which begins.
    func note(status: Int) { self.state.withLock { $0.status = status } }

    /// Notes bytes of the request's body that were read.
    func received(_ count: Int) { self.state.withLock { $0.bytesReceived += Int64(count) } }

    /// Notes bytes of the response's body that were handed to the network; fewer than none for what was no part of it.
    func sent(_ count: Int64) { self.state.withLock { $0.bytesSent += count } }

    /// Notes that the whole response has been handed to the network, and writes the line.
    func finish() { self.write(isComplete: true) }

    private func write(isComplete: Bool) {
        let duration = NIODeadline.now() - self.startedAt
        let state = self.state.withLock { state -> State? in
            guard !state.isWritten else { return nil }
            state.isWritten = true
            return state
        }
        guard let state else { return }
        let line = self.line(state, microseconds: duration.nanoseconds / 1_000, isComplete: isComplete)
        self.log.append(line)
    }

    private func line(_ state: State, microseconds: Int64, isComplete: Bool) -> [UInt8] {
        let fraction = String(1_000_000 + microseconds % 1_000_000).dropFirst()
        return JSONOutput.object([
            ("time", .string(self.receivedAt.description)), ("request_id", .string(self.requestID)),
            ("origin", .string(self.origin.rawValue)), ("route", .string(state.route)),
            ("status", state.status.map { .integer(Int64($0)) } ?? .null),
            ("bytes_received", .integer(state.bytesReceived)), ("bytes_sent", .integer(state.bytesSent)),
            ("duration_seconds", .text(Array("\(microseconds / 1_000_000).\(fraction)".utf8))),
            ("organization", .optional(state.organization?.description)), ("key_id", .optional(state.keyID)),
            ("complete", .boolean(isComplete)),
        ]).line
    }
}

/// A moment of the operating system's clock, to the millisecond.
private struct WallTime: CustomStringConvertible {
    private let seconds: Int64
    private let milliseconds: Int64

    init() {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        self.seconds = Int64(time.tv_sec)
        self.milliseconds = Int64(time.tv_nsec) / 1_000_000
    }

    /// `2026-03-20T11:30:00.042Z` (RFC 3339 §5.6).
    var description: String {
        let text = Timestamp(secondsSinceEpoch: self.seconds).rfc3339.dropLast()
        return "\(text).\(String(1_000 + self.milliseconds).dropFirst())Z"
    }
}
