import CloakroomDomain
import NIOCore

/// The end of an exchange, and of a connection.
extension StorageConnection {
    /// Notes that an answer has been handed to the network, and goes on with the next request.
    ///
    /// - Parameters:
    ///   - exchange: The request that was answered.
    ///   - status: How.
    ///   - unreadBody: Whether bytes of its body are still to come, which ends the connection.
    func finish(_ exchange: Exchange, _ status: HTTPStatus, unreadBody: Bool = false) {
        let duration = NIODeadline.now() - exchange.startedAt
        self.environment.metrics.responded(exchange.route, status, nanoseconds: duration.nanoseconds)
        if let access {
            access.note(status: status.rawValue)
            access.finish()
            self.access = nil
        }
        self.endStall()
        guard self.keepsAlive(exchange, unreadBody: unreadBody) else {
            guard unreadBody, self.beginDraining() else { return self.closeAfterResponse(unreadBody: unreadBody) }
            return self.continueProcessing()
        }
        self.state = .readingHead
        self.hasResponded = true
        self.watch.restart(self.group.tick)
        self.continueProcessing()
    }

    /// Goes on with the bytes that have arrived; within ``process()`` its loop does, and whoever called it reads.
    private func continueProcessing() {
        guard !self.isProcessing else { return }
        self.process()
        self.readIfWanted()
    }

    /// Ends the connection once what was written has gone out.
    ///
    /// Closing a socket with unread bytes resets it, and the reset can overtake the answer. So with a body unread, only
    /// our side is shut down; a client that reads the answer stops sending and closes.
    func closeAfterResponse(unreadBody: Bool) {
        guard let context else { return }
        self.state = .lingering
        self.watch.restart(self.group.tick)
        let connection = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.writeAndFlush(self.wrapOutboundOut(.byteBuffer(ByteBuffer()))).whenComplete { _ in
            guard let context = connection.value.context else { return }
            connection.value.restartWatch()
            context.close(mode: unreadBody ? .output : .all, promise: nil)
        }
    }

    /// Measures the client's progress from now on.
    func restartWatch() {
        self.watch.restart(self.group.tick)
    }

    /// Notes bytes of a response that have been taken over by the network stack.
    func sent(_ count: Int64) {
        self.watch.advanced(by: Int(count))
        self.environment.metrics.sentBytes(count)
        self.access?.sent(count)
    }
}
