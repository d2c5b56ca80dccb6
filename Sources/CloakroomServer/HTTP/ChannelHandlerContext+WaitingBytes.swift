import Glibc
import NIOCore

/// How many bytes of what was written wait for the client.
extension ChannelHandlerContext {
    /// Bytes that wait in the channel until the socket takes them.
    var bufferedBytes: Int {
        (try? self.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }

    /// Bytes in the socket's send queue that the client has not acknowledged (`SIOCOUTQ`, tcp(7)).
    ///
    /// A full socket takes bytes again only when a third of it is free: what the client acknowledges is seen sooner.
    var unacknowledgedBytes: Int {
        let transport = try? self.pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self
        ) { socket in
            var count: Int32 = 0
            return ioctl(socket, UInt(TIOCOUTQ), &count) == 0 ? Int(count) : 0
        }
        return transport.flatMap { $0 } ?? 0
    }
}
