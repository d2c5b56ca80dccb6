import CloakroomStore
import Glibc
import NIOCore

/// The way out: straight to the socket while nothing waits before, else through the channel.
///
/// Nearly every response fits into the socket's buffer. Handing it to the kernel here, from a buffer that the event loop
/// keeps for that, takes one system call and no allocation. What the socket does not take is queued in the channel, which
/// waits for the client; whatever follows is queued behind it.
extension StorageConnection {
    /// Sends the bytes of a response's buffer, which is free on return; if it continues, more bytes follow at once,
    /// with which the last segment is to be filled.
    func send(_ buffer: ResponseBuffer, continues: Bool = false) {
        self.access?.sent(-Int64(buffer.headLength))
        self.send(buffer.bytes, continues: continues)
    }

    /// Sends the bytes of a response's buffer, and a body that is not copied there first.
    func send(_ buffer: ResponseBuffer, body: UnsafeRawBufferPointer) {
        let head = buffer.bytes
        self.sent(Int64(head.count + body.count))
        self.access?.sent(-Int64(buffer.headLength))
        let taken = self.withIdleSocket { socket in
            // The kernel copies the bytes before the call returns; it writes to neither.
            var parts = (
                iovec(iov_base: UnsafeMutableRawPointer(mutating: head.baseAddress), iov_len: head.count),
                iovec(iov_base: UnsafeMutableRawPointer(mutating: body.baseAddress), iov_len: body.count)
            )
            return withUnsafeMutableBytes(of: &parts) { parts in
                var message = msghdr()
                message.msg_iov = parts.baseAddress?.assumingMemoryBound(to: iovec.self)
                message.msg_iovlen = 2
                return sendmsg(socket, &message, Int32(MSG_NOSIGNAL))
            }
        }
        guard taken < head.count + body.count else { return }
        var rest = ByteBuffer()
        rest.writeBytes(head.dropFirst(taken))
        rest.writeBytes(body.dropFirst(max(0, taken - head.count)))
        self.queue(.byteBuffer(rest))
    }

    /// Asks the client for the body (RFC 9110 §15.2.1).
    func sendContinue() {
        let text: StaticString = "HTTP/1.1 100 Continue\r\n\r\n"
        // A literal's UTF-8 is `utf8CodeUnitCount` bytes of static storage.
        self.send(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount), continues: false)
        self.access?.sent(-Int64(text.utf8CodeUnitCount))
    }

    private func send(_ bytes: UnsafeRawBufferPointer, continues: Bool) {
        self.sent(Int64(bytes.count))
        let taken = self.sendNow(bytes, continues: continues)
        guard taken < bytes.count else { return }
        self.queue(.byteBuffer(ByteBuffer(bytes: bytes[taken...])))
    }

    /// Returns how many bytes the socket took.
    private func sendNow(_ bytes: UnsafeRawBufferPointer, continues: Bool) -> Int {
        self.withIdleSocket { socket in
            let more = continues ? Int32(MSG_MORE) : 0
            // The kernel copies the bytes before the call returns.
            return Glibc.send(socket, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL) | more)
        }
    }

    /// Sends a part of a file that is in memory (`sendfile`), and returns how many bytes the socket took.
    func sendNow(_ file: FileRange, _ range: Range<Int64>) -> Int {
        self.withIdleSocket { socket in
            var offset = off_t(file.offset + range.lowerBound)
            return sendfile(socket, file.descriptor, &offset, range.count)
        }
    }

    /// Calls a function with the socket, which does not block, unless bytes are queued that go first; a negative number
    /// is an error, which the channel meets again when it is given the bytes.
    private func withIdleSocket(_ body: (NIOBSDSocket.Handle) -> Int) -> Int {
        // A socket that has been closed throws: its descriptor may be another's by now.
        guard self.queuedWrites == 0, let count = try? self.socket?.withUnsafeTransport(body) else { return 0 }
        return max(0, count)
    }

    /// Queues bytes in the channel; the completion is not called where the connection ends before they have gone out.
    func queue(_ data: IOData, then completion: @escaping (StorageConnection) -> Void = { _ in }) {
        guard let context else { return }
        let bytesInMemory = if case .byteBuffer(let buffer) = data { buffer.readableBytes } else { 0 }
        self.queuedWrites += 1
        self.queuedBytes += bytesInMemory
        let bound = NIOLoopBound((self, completion), eventLoop: context.eventLoop)
        context.writeAndFlush(self.wrapOutboundOut(data)).whenSuccess {
            let (connection, completion) = bound.value
            connection.queuedWrites -= 1
            connection.queuedBytes -= bytesInMemory
            completion(connection)
        }
    }

    /// Counts bytes of a response that the network stack has taken over.
    func sent(_ count: Int64) {
        self.machine.sent(Int(count))
        self.environment.metrics.sentBytes(count)
        self.access?.sent(count)
    }
}
