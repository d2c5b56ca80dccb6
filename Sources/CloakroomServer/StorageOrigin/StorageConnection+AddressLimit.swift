import NIOCore

/// The most connections of a client address.
extension StorageConnection {
    /// Takes a permit among the connections of the client's address, where these are limited.
    ///
    /// - Parameter context: Of the connection, which has just begun.
    /// - Returns: Whether anything is read; else the connection is closed.
    func takePermit(_ context: ChannelHandlerContext) -> Bool {
        guard let limiter = self.environment.connectionLimiter else { return true }
        switch limiter.admit(context.channel.remoteAddress) {
        case .admitted(let permit):
            self.permit = permit
            return true
        case .rejected(let permit):
            self.permit = permit
            self.state = .rejecting
            self.environment.metrics.connections.rejected(.address)
            return true
        case .dropped:
            self.environment.metrics.connections.rejected(.address)
            context.close(promise: nil)
            return false
        }
    }

    /// Refuses the first request of a connection that is one too many, whatever it asks for, once its head has arrived.
    ///
    /// An answer that comes before its request is one that clients do not expect.
    func rejectConnection() {
        guard let limiter = self.environment.connectionLimiter else { return }
        let outcome = self.inbound.withUnsafeReadableBytes { bytes in
            // The parser copies what it keeps.
            Result { () throws(RequestHeadError) in try HTTPHeadParser.parse(bytes) }
        }
        let exchange: Exchange
        switch outcome {
        case .success(.incomplete):
            return
        case .success(.head(let head, length: _)):
            exchange = self.makeExchange(head, keepsAlive: false)
        case .failure:
            exchange = self.makeExchange(route: .other, keepsAlive: false, wantsJSON: false, isHead: false)
        }
        self.reject(exchange, .slowDown(limit: limiter.limit))
    }
}
