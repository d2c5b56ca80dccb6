import CloakroomDomain
import NIOCore

/// Rejections that the client hears: the rest of the body is read and dropped before the connection is closed.
///
/// Many clients read no response before they have sent the whole body. Closing a socket with unread bytes resets it, and
/// the reset overtakes the response. So the connection takes the rest, within limits: at most the largest file and 1 MiB,
/// for at most a minute, at no less than the lowest rate of an upload, and only while the origin has connections to spare.
/// Nothing is read of a body that the client has not begun, because it waits for `100 Continue`.
extension StorageConnection {
    /// The rest of a body, which is dropped.
    final class Drain {
        fileprivate var decoder: BodyDecoder
        fileprivate var remaining: Int64
        fileprivate let startedAt: Int
        let entry: ExpendableConnections.Entry

        fileprivate init(
            _ decoder: BodyDecoder, limit: Int64, startedAt: Int, entry: ExpendableConnections.Entry
        ) {
            self.decoder = decoder
            self.remaining = limit
            self.startedAt = startedAt
            self.entry = entry
        }
    }

    /// Begins to drop the rest of a body, if there is one that may be read.
    ///
    /// - Returns: `false` where the connection is to be closed at once.
    func beginDraining() -> Bool {
        guard let context, let decoder = self.unreadBody, !decoder.isComplete, !self.isQuiescing, !self.inputHasEnded,
            let entry = self.becomeExpendable(.draining)
        else { return false }
        self.unreadBody = nil
        let limit = self.environment.verifier.policy.maximumSize.bytes + ExpendableConnections.spareDrainedBytes
        self.state = .draining(Drain(decoder, limit: limit, startedAt: self.group.tick, entry: entry))
        self.restartWatch()
        // In stages (RFC 9112 §9.6): our side first, behind what is still to be written.
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(self.wrapOutboundOut(.byteBuffer(ByteBuffer()))).whenSuccess {
            bound.value.close(mode: .output, promise: nil)
        }
        return true
    }

    /// Drops what has arrived.
    ///
    /// - Returns: `true` where the body's end has come, or its limit.
    func drop(_ drain: Drain) -> Bool {
        let arrived = self.inbound.readableBytes
        do throws(BodyDecoder.Malformed) {
            while try drain.decoder.next(&self.inbound) != nil {}
            // What frames the body counts as well.
            drain.remaining -= Int64(arrived - self.inbound.readableBytes)
        } catch {
            drain.remaining = -1
        }
        guard drain.decoder.isComplete || drain.remaining < 0 else { return false }
        self.endDraining(drain, isComplete: drain.decoder.isComplete)
        return true
    }

    /// Closes the connection, with the whole body read or not.
    func endDraining(_ drain: Drain, isComplete: Bool) {
        self.environment.expendable.remove(drain.entry)
        self.closeAfterResponse(unreadBody: !isComplete)
    }

    /// Looks whether the client still sends the body; called once a second.
    func drainingSecondPassed(_ drain: Drain) {
        let isOver = self.group.tick - drain.startedAt > ExpendableConnections.drainSeconds
        guard isOver || self.watch.isTooSlow(self.group.tick, self.environment.limits.lowestRate) else { return }
        self.endDraining(drain, isComplete: false)
    }

    /// Closes the connection for others, unless its client has begun to read meanwhile.
    private func makeRoom() {
        if case .draining = self.state { return self.cutOff() }
        if self.stall != nil { self.cutOff() }
    }

    /// Lets the connection wait for its client as long as the origin has connections to spare.
    ///
    /// - Returns: The entry, or `nil` where it is not to wait.
    func becomeExpendable(_ reason: ExpendableConnections.Reason) -> ExpendableConnections.Entry? {
        guard let context else { return nil }
        let eventLoop = context.eventLoop
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        return self.environment.expendable.add(
            reason, of: context.channel.remoteAddress.flatMap { ClientAddress($0) },
            bufferedBytes: self.queuedBytes, openConnections: self.environment.metrics.connections.openCount
        ) {
            eventLoop.execute { bound.value.makeRoom() }
        }
    }
}
