import NIOCore

/// The machine's actions, apart from responses.
extension APIConnectionHandler {
    func perform(_ action: APIConnectionMachine.Action) {
        switch action {
        case .none: break
        case .close: self.cutOff()
        case .linger: self.linger()
        case .drain: self.perform(self.machine.drain(isAllowed: self.becomeExpendable(.draining), self.tick))
        case .shutDownOutput:
            // In stages (RFC 9112 §9.6): our side first. The response has been written.
            self.context?.close(mode: .output, promise: nil)
            self.context?.read()
        case .stall: self.stall()
        case .endStall: self.endWaiting()
        }
    }

    private func linger() {
        self.endWaiting()
        guard let context else { return }
        context.close(mode: .output, promise: nil)
        context.eventLoop.assumeIsolated().scheduleTask(in: Self.lingering) { context.close(promise: nil) }
    }

    private func stall() {
        let isAllowed = self.entry != nil || self.becomeExpendable(.stalled)
        // Others with the same key need not wait for a client that has stopped reading.
        if isAllowed { self.heldPermit?.release() }
        self.perform(self.machine.stall(isAllowed: isAllowed))
    }

    /// Lets the connection wait for its client as long as the API has connections to spare.
    private func becomeExpendable(_ reason: ExpendableConnections.Reason) -> Bool {
        self.endWaiting()
        guard let context else { return false }
        let eventLoop = context.eventLoop
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        self.entry = self.environment.expendable.add(
            reason, of: context.channel.remoteAddress.flatMap { ClientAddress($0) },
            bufferedBytes: reason == .stalled ? context.bufferedBytes : 0,
            openConnections: self.environment.connections.openCount
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
        self.environment.expendable.remove(entry)
    }
}

extension APIConnectionHandler: TimedConnection {
    func secondPassed() {
        guard let context else { return }
        let buffered = context.bufferedBytes
        let waiting = buffered > 0 ? buffered + context.unacknowledgedBytes : nil
        self.perform(self.machine.secondPassed(self.tick, waiting: waiting))
    }

    var activity: ConnectionActivity {
        self.machine.activity(hasBufferedBytes: (self.context?.bufferedBytes ?? 0) > 0)
    }

    func cutOff() { self.context?.close(promise: nil) }
}
