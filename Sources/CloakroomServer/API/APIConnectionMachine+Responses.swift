/// Responses, and what becomes of the connection after the last one.
extension APIConnectionMachine {
    /// A head is about to be written.
    mutating func headWritten(_ kind: HeadKind) -> WriteAction {
        guard !self.isResponseComplete else { return .drop }
        guard kind != .informational else { return .write }
        self.isResponding = true
        if self.malformation != nil, kind == .frameworks, self.state != .endingResponse {
            // It has no body; its end is dropped.
            self.state = .endingResponse
            return .rejectMalformed
        }
        guard !self.progress.isResponseDue else { return .write }
        self.state = .endingResponse
        return .writeLastHead
    }

    mutating func bodyWritten(_ count: Int) -> WriteAction {
        guard !self.isResponseComplete else { return .drop }
        self.progress.responseGrew(by: count)
        return .write
    }

    mutating func endWritten(_ tick: Int) -> WriteAction {
        guard !self.isResponseComplete else { return .drop }
        self.isResponding = false
        if !self.pending.isEmpty { self.pending.removeFirst() }
        guard self.state != .endingResponse else {
            self.state = .responseEnded
            return .writeLastEnd
        }
        self.progress.responded(tick)
        return .writeEnd
    }

    /// Whether the whole of the last response has been written: whatever the framework writes then is dropped.
    private var isResponseComplete: Bool {
        switch self.state {
        case .responseEnded, .draining, .lingering: true
        case .serving, .rejecting, .endingResponse: false
        }
    }

    /// The last response has gone out: a body is dropped that the client sends and whose end is known.
    mutating func lastResponseFlushed() -> Action {
        let canDrain = !self.isOverLimit && self.malformation == nil && self.progress.isBodyArriving
        return canDrain ? .drain : self.linger()
    }

    mutating func drain(isAllowed: Bool, _ tick: Int) -> Action {
        guard isAllowed else { return self.linger() }
        self.state = .draining
        self.drained = DrainBudget(maximum: self.maximumDrainedBytes, startedAt: tick)
        self.drainWatch.restart(tick)
        return .shutDownOutput
    }

    mutating func linger() -> Action {
        self.state = .lingering
        return .linger
    }

    mutating func quiesce() -> Action {
        self.isQuiescing = true
        // A client that does not read would hold up the shutdown for as long as it may stall.
        return self.isStalled ? .close : .none
    }

    // MARK: Slow clients

    /// A second has passed; `waiting` are bytes of responses that the client has not acknowledged, `nil` where the
    /// socket has taken all.
    mutating func secondPassed(_ tick: Int, waiting: Int?) -> Action {
        switch self.state {
        case .lingering: return .none
        case .draining:
            let isTooSlow = self.drainWatch.isTooSlow(tick, APIConnectionProgress.lowestRate)
            return isTooSlow || self.drained.isOver(tick) ? self.linger() : .none
        case .serving, .rejecting, .endingResponse, .responseEnded: break
        }
        // A body that is not to be read is not waited for.
        let isReading = self.isReading && (self.state == .serving || self.state == .rejecting)
        switch self.progress.secondPassed(tick, waiting: waiting, isReading: isReading) {
        case .kept: return self.endStall()
        case .takesTooSlowly where self.mayStall(tick): return .stall
        case .idle, .sendsTooSlowly, .takesTooSlowly: return .close
        }
    }

    private func mayStall(_ tick: Int) -> Bool {
        !self.isQuiescing && self.progress.secondsSinceTaken(tick) < self.downloadStallSeconds
    }

    /// Lets the client stall where the origin has connections to spare.
    mutating func stall(isAllowed: Bool) -> Action {
        self.isStalled = isAllowed
        return isAllowed ? .none : .close
    }

    private mutating func endStall() -> Action {
        guard self.isStalled else { return .none }
        self.isStalled = false
        return .endStall
    }
}
