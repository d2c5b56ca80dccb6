import CloakroomStorage
import NIOCore

import Glibc

/// The way out: straight to the socket while nothing waits before, else through the channel.
///
/// Nearly every answer fits into the socket's buffer. Handing it to the kernel here, from a buffer that the event loop
/// keeps for that, takes one system call and no allocation. What the socket does not take is queued in the channel, which
/// waits for the client; until that is gone, whatever follows is queued behind it.
extension StorageConnection {
    /// Sends bytes of an answer.
    ///
    /// - Parameters:
    ///   - buffer: The bytes; it goes back to the group.
    ///   - continues: Whether more bytes follow at once, with which the last segment is to be filled.
    func send(_ buffer: consuming ByteBuffer, continues: Bool = false) {
        var buffer = buffer
        self.sent(Int64(buffer.readableBytes))
        let taken = buffer.withUnsafeReadableBytes { self.sendNow($0, continues: continues) }
        guard taken < buffer.readableBytes else { return self.group.giveBack(buffer) }
        buffer.moveReaderIndex(forwardBy: taken)
        self.queue(.byteBuffer(buffer))
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
    func sendNow(_ blob: OpenBlob, _ range: Range<Int64>) -> Int {
        self.withIdleSocket { socket in
            var offset = off_t(range.lowerBound)
            return sendfile(socket, blob.rawDescriptor, &offset, range.count)
        }
    }

    /// Calls a function with the socket, which does not block, unless bytes are queued that go first.
    ///
    /// - Parameter body: Returns a number of bytes; a negative one stands for an error, which the channel finds again
    ///   and deals with when it is given the bytes.
    /// - Returns: The number of bytes.
    private func withIdleSocket(_ body: (NIOBSDSocket.Handle) -> Int) -> Int {
        // A socket that has been closed throws: its descriptor may be another's by now.
        guard self.queuedWrites == 0, let count = try? self.socket?.withUnsafeTransport(body) else { return 0 }
        return max(0, count)
    }

    /// Queues bytes in the channel.
    ///
    /// - Parameters:
    ///   - data: The bytes.
    ///   - completion: Called when they have gone out; not called where the connection ends before.
    func queue(_ data: IOData, then completion: @escaping (StorageConnection) -> Void = { _ in }) {
        guard let context else { return }
        self.queuedWrites += 1
        let bound = NIOLoopBound((self, completion), eventLoop: context.eventLoop)
        context.writeAndFlush(self.wrapOutboundOut(data)).whenSuccess {
            let (connection, completion) = bound.value
            connection.queuedWrites -= 1
            completion(connection)
        }
    }
}
