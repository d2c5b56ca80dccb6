import NIOCore

/// How long a client is waited for; looked at once a second.
extension StorageConnectionMachine {
    /// A second has passed; `buffered` bytes of responses wait in the channel, `unacknowledged` ones in the socket for
    /// the client.
    mutating func secondPassed(_ tick: Int, buffered: Int, unacknowledged: Int) -> Action {
        switch self.state {
        case .readingHead, .lookingUp, .responding, .lingering:
            self.watch.drained(to: buffered + unacknowledged)
            if buffered > 0 { return self.judgeReader(tick) }
            return self.isTimedOut(tick) ? .close : self.endStall()
        case .receiving:
            guard self.upload.waitsForClient else {
                self.watch.restart(tick)
                return .none
            }
            return self.watch.isTooSlow(tick, self.limits.lowestRate) ? self.reject(.tooSlow) : .none
        case .draining:
            guard self.drained.isOver(tick) || self.watch.isTooSlow(tick, self.limits.lowestRate) else { return .none }
            return self.end(.output, tick)
        case .rejecting:
            return self.watch.elapsed(tick) > Self.lingerSeconds ? .close : .none
        case .closed:
            return .none
        }
    }

    /// Judges a client for which bytes of a response wait: a player that pauses may take nothing for a time.
    private mutating func judgeReader(_ tick: Int) -> Action {
        guard self.watch.isTooSlow(tick, self.limits.lowestRate) else { return self.endStall() }
        // The window goes on until enough has been taken in it.
        guard !self.isQuiescing, self.watch.elapsed(tick) < self.limits.downloadStallSeconds else { return .close }
        return self.isStalled ? .none : .stall
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

    /// Whether a client to which all has been sent is waited for too long.
    private mutating func isTimedOut(_ tick: Int) -> Bool {
        let elapsed = self.watch.elapsed(tick)
        switch self.state {
        case .readingHead:
            let isIdle = self.hasResponded && self.inbound.readableBytes == 0
            return elapsed > (isIdle ? self.limits.idleTimeoutSeconds : self.limits.headTimeoutSeconds)
        case .lingering:
            return elapsed > Self.lingerSeconds
        case .lookingUp, .responding:
            // The server is what the client waits for.
            self.watch.restart(tick)
            return false
        case .rejecting, .receiving, .draining, .closed:
            return false
        }
    }
}
