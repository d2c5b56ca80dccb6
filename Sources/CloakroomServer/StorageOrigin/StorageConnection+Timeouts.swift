import NIOCore

extension StorageConnection: TimedConnection {
    func secondPassed() {
        guard let context else { return }
        let limits = self.environment.limits
        let elapsed = self.watch.elapsed(self.group.tick)
        switch self.state {
        case .readingHead:
            // What was answered may still be on its way.
            guard !self.drains(context) else { return }
            let isIdle = self.hasResponded && self.inbound.readableBytes == 0
            let limit = isIdle ? limits.idleTimeoutSeconds : limits.headTimeoutSeconds
            if elapsed > limit { context.close(promise: nil) }
        case .receiving(let upload):
            guard upload.machine.waitsForClient else { return self.restartWatch() }
            guard self.watch.isTooSlow(self.group.tick, limits.lowestRate) else { return }
            self.reject(upload.exchange, Upload.tooSlow(limits.lowestRate), dropsBody: false)
        case .responding:
            if !self.drains(context) { self.restartWatch() }
        case .draining(let drain):
            self.drainingSecondPassed(drain)
        case .rejecting:
            if elapsed > Self.lingerSeconds { context.close(promise: nil) }
        case .lingering:
            // The time for the answer's arrival counts from its last byte's leaving.
            if !self.drains(context), elapsed > Self.lingerSeconds { context.close(promise: nil) }
        case .closed:
            break
        }
    }

    var activity: ConnectionActivity {
        switch self.state {
        case .receiving: .upload
        case .responding: self.route == .upload ? .upload : .download
        case .lingering where self.queuedWrites > 0: .download
        case .readingHead, .rejecting, .draining, .lingering, .closed: .other
        }
    }

    func cutOff() { self.context?.close(promise: nil) }

    /// Whether bytes of an answer wait for the client; one that takes them too slowly may stall for a time.
    private func drains(_ context: ChannelHandlerContext) -> Bool {
        let buffered = context.bufferedBytes
        self.watch.drained(to: buffered + context.unacknowledgedBytes)
        guard buffered > 0 else {
            self.endStall()
            return false
        }
        guard self.watch.isTooSlow(self.group.tick, self.environment.limits.lowestRate) else {
            self.endStall()
            return true
        }
        if !self.mayStall() { context.close(promise: nil) }
        return true
    }

    /// Whether a client that takes too little may stall: a player that pauses, as long as connections are not scarce.
    private func mayStall() -> Bool {
        // The window goes on until enough has been taken in it.
        guard !self.isQuiescing,
            self.watch.elapsed(self.group.tick) < self.environment.limits.downloadStallSeconds
        else { return false }
        if self.stall == nil { self.stall = self.becomeExpendable(.stalled) }
        return self.stall != nil
    }

    /// Notes that the client reads again, or that nothing waits for it any more.
    func endStall() {
        guard let stall else { return }
        self.stall = nil
        self.environment.expendable.remove(stall)
    }
}
