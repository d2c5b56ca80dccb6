import CSQLite
import CloakroomDomain
import Metrics
import Synchronization

/// Numbers the events of the log, each higher than all that may have been told before.
///
/// A seal is committed without a flush, because the pack has it; so a power cut can take events that somebody has read. Numbers are
/// therefore reserved in blocks by a flushed commit, and a start goes on behind the last block. Used on the writer's thread.
final class EventSequence: Sendable {
    private struct State {
        /// The last number that was given.
        var last: Int64
        /// Up to where numbers are reserved durably.
        var reserved: Int64
        /// How many events the transaction that is open has.
        var count = 0
    }

    /// How many numbers are reserved at once.
    private static let blockLength: Int64 = 1 << 20
    /// More than one transaction takes: each of its jobs writes at most a step of a sweep.
    private static let transactionLength: Int64 = 1 << 18

    static let missing = SQLiteError(code: SQLITE_CORRUPT, message: "the row of event_log is missing")

    /// Who is told of events; a closure in a `Mutex` would be wrapped once more each time that it is read.
    private struct Listener {
        let notice: @Sendable (EventPosition) -> Void
    }

    private let written = Counter(label: "cloakroom_events_total")
    private let state: Mutex<State>
    private let listener = Mutex<Listener?>(nil)

    /// Goes on behind everything that may have been told.
    init(_ connection: SQLiteConnection) throws(SQLiteError) {
        let row = try connection.statement(
            "SELECT max(reserved, coalesce((SELECT max(sequence) FROM events), 0)) FROM event_log")
        guard let last = try row.first({ $0.integer(0) }) else { throw Self.missing }
        self.state = Mutex(State(last: last, reserved: last))
    }

    /// Whether the next transaction has to reserve a block, and be flushed.
    var isReservationDue: Bool {
        self.state.withLock { $0.reserved - $0.last < Self.transactionLength }
    }

    /// Reserves a block in the transaction that is open, and returns its end for ``reserved(upTo:)``.
    func reserve(_ connection: SQLiteConnection) throws(SQLiteError) -> Int64 {
        let end = self.state.withLock { $0.last } + Self.blockLength
        try connection.statement("UPDATE event_log SET reserved = ?").bind(end).run()
        guard connection.changes == 1 else { throw Self.missing }
        return end
    }

    /// Notes that a reservation is durable.
    func reserved(upTo end: Int64) {
        self.state.withLock { $0.reserved = end }
    }

    /// Gives the next number.
    func next() -> Int64 {
        self.state.withLock { state in
            state.last += 1
            state.count += 1
            return state.last
        }
    }

    /// Notes the end of a transaction: where it is committed, and has events, whoever listens is told.
    func ended(isCommitted: Bool) {
        let (last, count) = self.state.withLock { state in
            defer { state.count = 0 }
            return (state.last, state.count)
        }
        guard isCommitted, count > 0 else { return }
        self.written.increment(by: count)
        self.listener.withLock { $0 }?.notice(EventPosition(last))
    }

    /// Sets who is told of events, on the writer's thread, which must not be held up.
    func onEvents(_ listener: @escaping @Sendable (EventPosition) -> Void) {
        self.listener.withLock { $0 = Listener(notice: listener) }
    }
}
