import NIOCore

/// The machine's actions, apart from responses.
extension APIConnectionHandler {
    func perform(_ action: APIConnectionMachine.Action) {
        switch action {
        case .none: break
        case .close: self.cutOff()
        case .linger: self.linger()
        case .drain:
            let isAllowed = self.becomeExpendable(.draining, bufferedBytes: 0)
            self.perform(self.machine.drain(isAllowed: isAllowed, self.tick))
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
        let isAllowed =
            self.entry != nil || self.becomeExpendable(.stalled, bufferedBytes: self.context?.bufferedBytes ?? 0)
        // Others with the same key need not wait for a client that has stopped reading.
        if isAllowed { self.heldPermit?.release() }
        self.perform(self.machine.stall(isAllowed: isAllowed))
    }
}

extension APIConnectionHandler: LimitedConnection {
    var expendable: ExpendableConnections { self.environment.expendable }

    var connections: ConnectionMeter { self.environment.connections }

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
