import Glibc
import NIOCore

extension StorageConnection {
    /// Looks whether the client gets on; called once a second.
    func secondPassed() {
        guard let context else { return }
        let limits = self.environment.limits
        let elapsed = self.watch.elapsed(self.group.tick)
        switch self.state {
        case .readingHead:
            // What was answered may still be on its way.
            guard !self.drains(context) else { return }
            let isIdle = self.hasAnswered && self.inbound.readableBytes == 0
            let limit = isIdle ? limits.idleTimeoutSeconds : limits.headTimeoutSeconds
            if elapsed > limit { context.close(promise: nil) }
        case .receiving(let upload):
            guard upload.machine.waitsForClient else { return self.restartWatch() }
            guard self.watch.isTooSlow(self.group.tick, limits) else { return }
            self.refuse(upload.exchange, Upload.tooSlow(limits))
        case .answering:
            if !self.drains(context) { self.restartWatch() }
        case .refusing:
            if elapsed > Self.lingerSeconds { context.close(promise: nil) }
        case .lingering:
            // The time for the answer's arrival counts from its last byte's leaving.
            if !self.drains(context), elapsed > Self.lingerSeconds { context.close(promise: nil) }
        case .closed:
            break
        }
    }

    /// Whether bytes of an answer wait for the client; one that takes them too slowly is closed.
    private func drains(_ context: ChannelHandlerContext) -> Bool {
        let buffered = (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
        // A full socket takes bytes again only when a third of it is free: what the client acknowledges is seen sooner.
        self.watch.drained(to: buffered + Self.unacknowledgedBytes(context))
        guard buffered > 0 else { return false }
        if self.watch.isTooSlow(self.group.tick, self.environment.limits) { context.close(promise: nil) }
        return true
    }

    /// Bytes in the socket's send queue that the client has not acknowledged (`SIOCOUTQ`, tcp(7)).
    private static func unacknowledgedBytes(_ context: ChannelHandlerContext) -> Int {
        let transport = try? context.pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self
        ) { socket in
            var count: Int32 = 0
            return ioctl(socket, UInt(TIOCOUTQ), &count) == 0 ? Int(count) : 0
        }
        return transport.flatMap { $0 } ?? 0
    }
}
