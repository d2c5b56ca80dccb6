import Synchronization

/// Connections that wait for a slow client and that an origin closes first when it runs short of connections.
///
/// An origin runs short when three quarters of its connections are open. From then on each new connection closes one of
/// these, and none is added: a client that is slow is then closed as soon as it is noticed. So whoever holds many
/// connections without using them takes none that others need.
final class ExpendableConnections: Sendable {
    /// Why a connection waits; those of the first reason are closed first.
    enum Reason: Int, Comparable, Sendable {
        /// The rest of a rejected request is read and dropped.
        case draining
        /// The client has stopped reading a download.
        case stalled

        static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    /// A connection's entry, to be removed when it does not wait any more.
    struct Entry: Hashable, Sendable {
        fileprivate let number: UInt64
    }

    private struct Waiting {
        let reason: Reason
        let client: ClientAddress?
        let bufferedBytes: Int
        let close: @Sendable () -> Void
    }

    private struct State {
        var waiting: [UInt64: Waiting] = [:]
        var nextNumber: UInt64 = 0
        var bufferedBytes = 0
        var stalled: KeyedCounter<ClientAddress?>

        mutating func remove(_ number: UInt64) -> Waiting? {
            guard let waiting = self.waiting.removeValue(forKey: number) else { return nil }
            self.bufferedBytes -= waiting.bufferedBytes
            if waiting.reason == .stalled { self.stalled.remove(waiting.client) }
            return waiting
        }
    }

    /// How many bytes of a rejected request's body are read and dropped beyond the largest file.
    static let spareDrainedBytes: Int64 = 1_024 * 1_024
    /// For how long, in seconds.
    static let drainSeconds = 60

    /// The most bytes that wait in memory for all of them together, as counted when each was added.
    private static let maximumBufferedBytes = 64 * 1_024 * 1_024

    /// With so many connections open an origin runs short.
    let threshold: Int
    private let state: Mutex<State>

    init(maximumConnections: Int) {
        self.threshold = max(1, maximumConnections - maximumConnections / 4)
        self.state = Mutex(State(stalled: KeyedCounter(limit: max(1, maximumConnections / 4))))
    }

    /// Adds a connection, unless the origin runs short, a quarter of its connections are stalled ones of this client's
    /// address, or too much memory waits already; `close` is called at most once, on any thread.
    func add(
        _ reason: Reason, of client: ClientAddress?, bufferedBytes: Int, openConnections: Int,
        close: @escaping @Sendable () -> Void
    ) -> Entry? {
        guard openConnections <= self.threshold else { return nil }
        return self.state.withLock { state in
            guard state.bufferedBytes + bufferedBytes <= Self.maximumBufferedBytes,
                reason != .stalled || state.stalled.add(client)
            else { return nil }
            let number = state.nextNumber
            state.nextNumber += 1
            state.bufferedBytes += bufferedBytes
            state.waiting[number] = Waiting(reason: reason, client: client, bufferedBytes: bufferedBytes, close: close)
            return Entry(number: number)
        }
    }

    /// Removes a connection that does not wait any more, or is closed.
    func remove(_ entry: Entry) {
        // Freed without the lock.
        withExtendedLifetime(self.state.withLock { $0.remove(entry.number) }) {}
    }

    /// Closes the connection that has waited longest, where the origin runs short; called for each new connection.
    func makeRoom(openConnections: Int) {
        guard openConnections > self.threshold else { return }
        let first = self.state.withLock { state -> Waiting? in
            let first = state.waiting.min { ($0.value.reason, $0.key) < ($1.value.reason, $1.key) }
            return first.flatMap { state.remove($0.key) }
        }
        first?.close()
    }
}
