import NIOCore

/// Clients that wait, stop or go, and the end of the server.
extension StorageConnectionMachine {
    /// The server shuts down: no further response keeps the connection open.
    mutating func quiesce(_ tick: Int) -> Action {
        self.isQuiescing = true
        // A client that does not read would hold up the shutdown for as long as it may stall.
        if self.isStalled { return .close }
        switch self.state {
        case .readingHead where self.inbound.readableBytes == 0: return self.end(.all, tick)
        case .draining: return self.end(.output, tick)
        case .readingHead, .rejecting, .lookingUp, .receiving, .responding, .lingering, .closed: return .none
        }
    }

    /// The client has shut down its side.
    mutating func inputClosed(_ tick: Int) -> Action {
        switch self.state {
        case .receiving: return self.reject(.incomplete(received: self.received))
        case .readingHead, .lookingUp, .responding:
            // Requests that arrived whole are still responded to.
            self.inputHasEnded = true
            return .process
        case .draining: return self.end(.all, tick)
        case .lingering, .rejecting: return .close
        case .closed: return .none
        }
    }

    /// The connection is gone.
    mutating func closed() -> Action {
        let state = self.state
        self.state = .closed
        switch state {
        case .receiving: return .abandonUpload
        case .lookingUp: return .cancelLookUp
        case .readingHead, .rejecting, .responding, .draining, .lingering, .closed: return .none
        }
    }

    // MARK: Draining

    /// Begins to drop the rest of a body, where the origin has connections to spare.
    mutating func drain(isAllowed: Bool, _ tick: Int) -> Action {
        guard isAllowed else { return self.end(.output, tick) }
        self.state = .draining
        self.drained = DrainBudget(
            maximum: self.maximumSize + ExpendableConnections.spareDrainedBytes, startedAt: tick)
        self.watch.restart(tick)
        return .shutDownOutput
    }

    mutating func dropArrived(_ tick: Int) -> Step {
        let arrived = self.inbound.readableBytes
        guard arrived > 0 else { return self.wait() }
        do throws(BodyDecoder.Malformed) {
            while try self.decoder.next(&self.inbound) != nil {}
        } catch {
            return .perform(self.end(.output, tick))
        }
        // What frames the body counts as well.
        let isWithin = self.drained.take(arrived - self.inbound.readableBytes)
        if self.decoder.isComplete { return .perform(self.end(.all, tick)) }
        return isWithin ? self.wait() : .perform(self.end(.output, tick))
    }
}
