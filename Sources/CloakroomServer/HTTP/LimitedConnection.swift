import NIOCore

/// A connection that counts among those of its origin and of its client's address, on its event loop.
protocol LimitedConnection: TimedConnection, SendableMetatype {
    var context: ChannelHandlerContext? { get }
    /// Those of its origin.
    var connections: ConnectionMeter { get }
    /// Those of its origin that wait for slow clients.
    var expendable: ExpendableConnections { get }
    /// Its entry among them, while it drains or stalls.
    var entry: ExpendableConnections.Entry? { get set }
    /// Its permit among those of its client's address, where these are limited.
    var permit: ConnectionLimiter.Permit? { get set }
}

extension LimitedConnection {
    /// Counts a new connection, and returns whether its client's address has too many, where these are limited; `nil`
    /// where this one is closed without a response.
    func admit(_ context: ChannelHandlerContext, _ limiter: ConnectionLimiter?, maximumConnections: Int) -> Bool? {
        let openConnections = self.connections.opened()
        self.expendable.makeRoom(openConnections: openConnections)
        guard openConnections <= maximumConnections else {
            self.connections.rejected(.origin)
            return nil
        }
        guard let limiter else { return false }
        switch limiter.admit(context.channel.remoteAddress) {
        case .admitted(let permit):
            self.permit = permit
            return false
        case .rejected(let permit):
            self.permit = permit
            self.connections.rejected(.address)
            return true
        case .dropped:
            self.connections.rejected(.address)
            return nil
        }
    }

    /// The connection is closed.
    func leave() {
        self.endWaiting()
        self.permit?.release()
        self.permit = nil
        self.connections.closed()
    }

    /// Lets the connection wait for its client as long as the origin has connections to spare.
    func becomeExpendable(_ reason: ExpendableConnections.Reason, bufferedBytes: Int) -> Bool {
        self.endWaiting()
        guard let context else { return false }
        let eventLoop = context.eventLoop
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        self.entry = self.expendable.add(
            reason, of: context.channel.remoteAddress.flatMap { ClientAddress($0) }, bufferedBytes: bufferedBytes,
            openConnections: self.connections.openCount
        ) {
            eventLoop.execute {
                // Unless its client has gone on meanwhile.
                if bound.value.entry != nil { bound.value.cutOff() }
            }
        }
        return self.entry != nil
    }

    /// The connection waits for its client no longer.
    func endWaiting() {
        guard let entry else { return }
        self.entry = nil
        self.expendable.remove(entry)
    }
}
