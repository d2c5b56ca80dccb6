import HTTPTypes

/// The protocol of an API connection beside the framework: what is passed on, and which response is the last.
///
/// A response that begins before its request has arrived whole ends the connection, once the rest of the body has been
/// dropped. It has no channel and no clock: ``APIConnectionHandler`` tells it what happens and performs what it returns.
/// Times are ticks of the ``ConnectionGroup``, in seconds.
struct APIConnectionMachine {
    /// A request that has not been responded to.
    struct Pending {
        var bodyLength = 0
        var trailers: HTTPFields?
    }

    /// The most bytes of a rejected request's body that are read and dropped.
    let maximumDrainedBytes: Int64
    /// How long a client may take nothing of a download.
    let downloadStallSeconds: Int
    var state = State.serving
    var progress = APIConnectionProgress()
    var pending: [Pending] = []
    var drained = DrainBudget(maximum: 0, startedAt: 0)
    var drainWatch = ProgressWatch()
    var isOverLimit = false
    /// Why a request cannot be read.
    var malformation: RequestHeadError?
    /// Whether the framework has asked for more: it does not while it has enough to do.
    var isReading = false
    /// Whether a part of a response has been written, and its end has not.
    var isResponding = false
    var isQuiescing = false
    /// Whether the client has leave to read nothing for a time.
    var isStalled = false

    init(maximumDrainedBytes: Int64, downloadStallSeconds: Int) {
        self.maximumDrainedBytes = maximumDrainedBytes
        self.downloadStallSeconds = downloadStallSeconds
    }

    /// The trailers of the request that is responded to, whose body has been read.
    var trailers: HTTPFields? { self.pending.first?.trailers }

    /// How many bytes have arrived of the body of the request that is responded to; `nil` where there is none.
    var bodyLength: Int? { self.pending.first?.bodyLength }

    /// What the connection is doing, with or without bytes that wait for the client.
    func activity(hasBufferedBytes: Bool) -> ConnectionActivity {
        switch self.state {
        case .draining, .lingering: .other
        case _ where self.progress.isBodyArriving: .upload
        case _ where self.isResponding || self.progress.isResponseDue || hasBufferedBytes: .download
        case .serving, .rejecting, .endingResponse, .responseEnded: .other
        }
    }

    /// Whether our side stays open when the framework wants to end it: the rest of the request comes first.
    var defersOutputClose: Bool {
        switch self.state {
        case .endingResponse, .responseEnded, .draining: true
        case .serving, .rejecting, .lingering: false
        }
    }

    // MARK: Requests

    mutating func opened(_ tick: Int) { self.progress.opened(tick) }

    /// The connection is over the limit of its address.
    mutating func exceededLimit() {
        self.isOverLimit = true
        self.state = .rejecting
    }

    mutating func headArrived(expectsContinue: Bool, _ tick: Int) -> PartAction {
        switch self.state {
        case .serving:
            self.progress.requestBegan(tick, expectsContinue: expectsContinue)
            self.pending.append(Pending())
            return .forward
        case .rejecting:
            self.state = .endingResponse
            return .reject
        case .endingResponse, .responseEnded, .lingering: return .drop
        case .draining: return .perform(.close)
        }
    }

    mutating func bodyArrived(_ count: Int) -> PartAction {
        switch self.state {
        case .serving:
            self.progress.bodyArrived(count)
            if !self.pending.isEmpty { self.pending[self.pending.count - 1].bodyLength += count }
            return .forward
        case .endingResponse, .responseEnded, .lingering:
            // The framework would take it for the next request.
            if !self.isOverLimit { self.progress.bodyArrived(count) }
            return .drop
        case .rejecting: return .drop
        case .draining:
            self.drainWatch.advanced(by: count)
            return self.drained.take(count) ? .drop : .perform(self.linger())
        }
    }

    mutating func endArrived(_ trailers: HTTPFields?) -> PartAction {
        switch self.state {
        case .serving:
            self.progress.requestArrived()
            if !self.pending.isEmpty { self.pending[self.pending.count - 1].trailers = trailers }
            return .forward
        case .endingResponse, .responseEnded, .lingering:
            if !self.isOverLimit { self.progress.requestArrived() }
            return .drop
        case .rejecting: return .drop
        case .draining: return .perform(.close)
        }
    }

    /// A request cannot be read; the first reason counts.
    mutating func requestFailed(_ error: RequestHeadError) { self.malformation = self.malformation ?? error }

    /// The client is asked for its body.
    mutating func bodyDemanded(_ tick: Int) { self.progress.bodyDemanded(tick) }

    /// The framework asks for more; `false` where nothing is read for it any more.
    mutating func readRequested() -> Bool {
        guard self.state != .lingering, self.state != .draining else { return false }
        self.isReading = true
        return true
    }

    /// What there was has been read; `true` where the next is read at once.
    mutating func readCompleted() -> Bool {
        self.isReading = false
        return self.state == .draining
    }
}
