import NIOCore

/// The connections of one event loop, looked at once a second: one timer for all of them, none for each.
final class ConnectionGroup {
    private var connections: [ObjectIdentifier: StorageConnection] = [:]
    /// Seconds since the group began, the resolution of every time-out.
    private(set) var tick = 0
    var headWriter = ResponseHeadWriter()
    private var spareBuffer: ByteBuffer?

    /// Starts the timer.
    static func start(on eventLoop: any EventLoop) -> NIOLoopBound<ConnectionGroup> {
        let group = NIOLoopBound(ConnectionGroup(), eventLoop: eventLoop)
        eventLoop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { _ in group.value.advance() }
        return group
    }

    func add(_ connection: StorageConnection) {
        self.connections[ObjectIdentifier(connection)] = connection
    }

    func remove(_ connection: StorageConnection) {
        self.connections[ObjectIdentifier(connection)] = nil
    }

    /// Lends the buffer in which answers are put together, empty; ``giveBack(_:)`` returns it.
    func borrowBuffer(capacity: Int) -> ByteBuffer {
        var buffer = self.spareBuffer.take() ?? ByteBuffer()
        buffer.clear(minimumCapacity: capacity)
        return buffer
    }

    /// Takes the buffer back once its bytes are the socket's.
    func giveBack(_ buffer: consuming ByteBuffer) {
        self.spareBuffer = consume buffer
    }

    /// Closes every connection, whatever it is doing.
    func closeAll() {
        for connection in Array(self.connections.values) { connection.context?.close(promise: nil) }
    }

    private func advance() {
        self.tick += 1
        for connection in Array(self.connections.values) { connection.secondPassed() }
    }
}
