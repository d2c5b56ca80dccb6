/// Follows the requests of an API connection, and judges once a second whether the client makes progress.
///
/// The server waits for a client in three ways, each with a limit: for a request, for the body of a request, and until a
/// response has been taken. While the client waits for the server, none of them counts. Times are ticks of the
/// ``ConnectionGroup``.
struct APIConnectionProgress {
    /// The judgement on a connection.
    enum Verdict: Hashable, Sendable {
        /// It goes on.
        case kept
        /// The client has sent no request for too long.
        case idle
        /// The client sends a body too slowly.
        case sendsTooSlowly
        /// The client takes a response too slowly.
        case takesTooSlowly
    }

    /// What of a request is still to come.
    private enum Rest {
        /// Nothing: the latest one has arrived whole.
        case nothing
        /// The body, for which the client wants to be asked (RFC 9110 §10.1.1).
        case bodyOnDemand
        case body
    }

    /// The time between two requests of a connection, or for a request's head, in seconds.
    static let idleSeconds = 75
    /// The lowest rate of a body and of a response.
    static let lowestRate = LowestRate.standard

    private var rest = Rest.nothing
    /// Requests whose body has arrived, and responses that have gone out: a pipelined request may be ahead of its turn.
    private var requestsArrived = 0
    private var responsesSent = 0
    private var incoming = ProgressWatch()
    private var outgoing = ProgressWatch()

    /// Whether a request has arrived whole and is being responded to.
    var isResponseDue: Bool { self.requestsArrived > self.responsesSent }

    /// Whether the client is sending the body of a request, asked for where it wanted to be.
    var isBodyArriving: Bool { self.rest == .body }

    /// How long ago the client last took a response at the lowest rate, in seconds.
    func secondsSinceTaken(_ tick: Int) -> Int { self.outgoing.elapsed(tick) }

    // MARK: What happens

    mutating func opened(_ tick: Int) {
        self.incoming.restart(tick)
        self.outgoing.restart(tick)
    }

    mutating func requestBegan(_ tick: Int, expectsContinue: Bool) {
        self.rest = expectsContinue ? .bodyOnDemand : .body
        self.incoming.restart(tick)
    }

    /// Notes that the client has been asked for its body.
    mutating func bodyDemanded(_ tick: Int) {
        guard self.rest == .bodyOnDemand else { return }
        self.rest = .body
        self.incoming.restart(tick)
    }

    mutating func bodyArrived(_ count: Int) {
        self.rest = .body
        self.incoming.advanced(by: count)
    }

    /// Notes that a request has arrived whole.
    mutating func requestArrived() {
        self.rest = .nothing
        self.requestsArrived += 1
    }

    /// Notes bytes of a response that have been handed to the channel.
    mutating func responseGrew(by count: Int) { self.outgoing.queued(count) }

    /// Notes that a whole response has been handed to the channel, and the connection goes on.
    mutating func responded(_ tick: Int) {
        self.responsesSent += 1
        self.incoming.restart(tick)
    }

    // MARK: The judgement

    /// Judges the last second, by the bytes of responses that the client has not acknowledged.
    mutating func secondPassed(_ tick: Int, waiting: Int?, isReading: Bool) -> Verdict {
        if let waiting {
            self.incoming.restart(tick)
            self.outgoing.drained(to: waiting)
            return self.outgoing.isTooSlow(tick, Self.lowestRate) ? .takesTooSlowly : .kept
        }
        self.outgoing.restart(tick)
        guard !self.isResponseDue else {
            self.incoming.restart(tick)
            return .kept
        }
        switch self.rest {
        case .nothing, .bodyOnDemand:
            return self.incoming.elapsed(tick) > Self.idleSeconds ? .idle : .kept
        case .body where isReading:
            return self.incoming.isTooSlow(tick, Self.lowestRate) ? .sendsTooSlowly : .kept
        case .body:
            self.incoming.restart(tick)
            return .kept
        }
    }
}
