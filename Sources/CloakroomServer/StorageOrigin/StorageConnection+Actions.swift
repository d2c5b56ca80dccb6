import NIOCore

/// The machine's actions, apart from responses.
extension StorageConnection {
    func perform(_ action: StorageConnectionMachine.Action) {
        switch action {
        case .none: break
        case .process: self.continueProcessing()
        case .close: self.cutOff()
        case .end(let mode): self.end(mode)
        case .drain:
            let isAllowed = self.becomeExpendable(.draining, bufferedBytes: self.queuedBytes)
            self.perform(self.machine.drain(isAllowed: isAllowed, self.group.tick))
        case .shutDownOutput: self.shutDownOutput()
        case .stall:
            let isAllowed = self.becomeExpendable(.stalled, bufferedBytes: self.queuedBytes)
            self.perform(self.machine.stall(isAllowed: isAllowed))
        case .endStall: self.endWaiting()
        case .rejectUpload(let fault):
            if let upload { self.reject(upload.exchange, upload.rejection(fault, self.environment)) }
        case .abandonUpload: self.upload?.abandon(self.environment.metrics)
        case .cancelLookUp: self.cancelLookUp?()
        }
    }

    /// Ends the exchange whose response has been handed to the network, and goes on with the next request.
    func finish(_ exchange: Exchange, _ status: HTTPStatus) {
        let duration = NIODeadline.now() - exchange.startedAt
        self.environment.metrics.responded(exchange.route, status, nanoseconds: duration.nanoseconds)
        if let access {
            access.note(status: status.rawValue)
            access.finish()
            self.access = nil
        }
        self.upload = nil
        self.endWaiting()
        self.perform(self.machine.responded(self.group.tick))
    }

    private func end(_ mode: CloseMode) {
        guard let context else { return }
        if !self.machine.isStalled { self.endWaiting() }
        let connection = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.writeAndFlush(self.wrapOutboundOut(.byteBuffer(ByteBuffer()))).whenComplete { _ in
            guard let context = connection.value.context else { return }
            connection.value.machine.flushed(connection.value.group.tick)
            context.close(mode: mode, promise: nil)
        }
    }

    /// Shuts down our side first (RFC 9112 §9.6), behind what is still to be written.
    private func shutDownOutput() {
        guard let context else { return }
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(self.wrapOutboundOut(.byteBuffer(ByteBuffer()))).whenSuccess {
            bound.value.close(mode: .output, promise: nil)
        }
        self.continueProcessing()
    }
}

extension StorageConnection: LimitedConnection {
    var expendable: ExpendableConnections { self.environment.expendable }

    var connections: ConnectionMeter { self.environment.metrics.connections }

    func secondPassed() {
        guard let context else { return }
        self.perform(
            self.machine.secondPassed(
                self.group.tick, buffered: context.bufferedBytes, unacknowledged: context.unacknowledgedBytes))
    }

    var activity: ConnectionActivity {
        switch self.machine.state {
        case .receiving: .upload
        case .lookingUp, .responding: self.route == .upload ? .upload : .download
        case .lingering where self.queuedWrites > 0: .download
        case .readingHead, .rejecting, .draining, .lingering, .closed: .other
        }
    }

    func cutOff() { self.context?.close(promise: nil) }
}
