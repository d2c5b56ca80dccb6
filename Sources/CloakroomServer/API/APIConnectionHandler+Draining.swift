import NIOCore
import NIOHTTPTypes

/// The rest of a rejected request's body, which is read and dropped.
struct APIDrain {
    fileprivate var remaining: Int64
    fileprivate let startedAt: Int
    fileprivate var watch = ProgressWatch()
    let entry: ExpendableConnections.Entry
}

/// Rejections that the client hears, and readers that pause; see ``ExpendableConnections``.
extension APIConnectionHandler {
    /// Begins to drop the rest of a body, if there is one that may be read.
    ///
    /// - Returns: `false` where the connection is to be closed at once.
    func beginDraining(_ context: ChannelHandlerContext) -> Bool {
        guard self.canDrain, let entry = self.becomeExpendable(.draining, context, bufferedBytes: 0) else {
            return false
        }
        var drain = APIDrain(
            remaining: self.environment.maximumDrainedBytes, startedAt: self.tick, entry: entry)
        drain.watch.restart(self.tick)
        self.drain = drain
        // In stages (RFC 9112 §9.6): our side first. The response has been written.
        context.close(mode: .output, promise: nil)
        context.read()
        return true
    }

    /// Drops a part of the request; its end ends the connection.
    func drop(_ part: HTTPRequestPart, _ context: ChannelHandlerContext) {
        switch part {
        case .body(let bytes):
            self.drain?.remaining -= Int64(bytes.readableBytes)
            self.drain?.watch.advanced(by: bytes.readableBytes)
            if let drain, drain.remaining < 0 { self.endDraining(drain, context) }
        case .head, .end:
            context.close(promise: nil)
        }
    }

    private func endDraining(_ drain: APIDrain, _ context: ChannelHandlerContext) {
        self.environment.expendable.remove(drain.entry)
        self.drain = nil
        self.linger(context)
    }

    /// Looks whether the client still sends the body; called once a second.
    func drainingSecondPassed(_ drain: APIDrain, _ context: ChannelHandlerContext) {
        let isOver = self.tick - drain.startedAt > ExpendableConnections.drainSeconds
        let isTooSlow = self.drain?.watch.isTooSlow(self.tick, APIConnectionProgress.lowestRate) ?? false
        if isOver || isTooSlow { self.endDraining(drain, context) }
    }

    // MARK: Readers that pause

    /// Whether a client that takes too little may stall for a time, as long as connections are not scarce.
    func mayStall(_ context: ChannelHandlerContext, bufferedBytes: Int) -> Bool {
        guard !self.isQuiescing,
            self.progress.secondsSinceTaken(self.tick) < self.environment.downloadStallSeconds
        else { return false }
        if self.stall == nil {
            self.stall = self.becomeExpendable(.stalled, context, bufferedBytes: bufferedBytes)
        }
        return self.stall != nil
    }

    /// Notes that the client reads again, or that nothing waits for it any more.
    func endStall() {
        guard let stall else { return }
        self.stall = nil
        self.environment.expendable.remove(stall)
    }

    /// Closes the connection for others, unless its client has begun to read meanwhile.
    private func makeRoom() {
        if self.stall != nil || self.drain != nil { self.cutOff() }
    }

    private func becomeExpendable(
        _ reason: ExpendableConnections.Reason, _ context: ChannelHandlerContext, bufferedBytes: Int
    ) -> ExpendableConnections.Entry? {
        let eventLoop = context.eventLoop
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        return self.environment.expendable.add(
            reason, of: context.channel.remoteAddress.flatMap { ClientAddress($0) }, bufferedBytes: bufferedBytes,
            openConnections: self.environment.connections.openCount
        ) {
            eventLoop.execute { bound.value.makeRoom() }
        }
    }
}
