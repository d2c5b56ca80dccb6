import NIOCore

/// Holds each client address to a number of connections at a time, over all the origins that share the limiter.
///
/// A connection too many is still told so, and while it waits for that it is open as well. Of these, an address has as
/// many at most as of the others; what comes on top is closed without a word.
package final class ConnectionLimiter: Sendable {
    /// A connection's permit among those of its address, to be released when it is closed.
    typealias Permit = ConcurrencyLimiter<ClientAddress>.Permit

    /// What becomes of a new connection.
    enum Verdict: Sendable {
        /// It is served.
        case admitted(Permit)
        /// It is one too many, and is told so.
        case rejected(Permit)
        /// It is closed at once.
        case dropped
    }

    private let admitted: ConcurrencyLimiter<ClientAddress>
    private let rejected: ConcurrencyLimiter<ClientAddress>

    /// The most connections of an address.
    var limit: Int { self.admitted.limit }

    package init(connectionsPerAddress: Int) {
        self.admitted = ConcurrencyLimiter(limit: connectionsPerAddress)
        self.rejected = ConcurrencyLimiter(limit: connectionsPerAddress)
    }

    /// Decides on a new connection; `nil` stands for a client that has gone already.
    func admit(_ address: SocketAddress?) -> Verdict {
        guard let client = address.flatMap({ ClientAddress($0) }) else { return .dropped }
        if let permit = self.admitted.take(client) { return .admitted(permit) }
        if let permit = self.rejected.take(client) { return .rejected(permit) }
        return .dropped
    }
}
