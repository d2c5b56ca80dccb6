import NIOCore

/// A connection that is looked at once a second, on its event loop.
protocol TimedConnection: AnyObject {
    /// Looks whether the client makes progress.
    func secondPassed()

    /// What it is doing for its client.
    var activity: ConnectionActivity { get }

    /// Closes the connection, whatever it is doing.
    func cutOff()
}

/// What a connection is doing for its client.
enum ConnectionActivity: Sendable {
    /// A request's body is arriving or being stored.
    case upload
    /// A response is being made or sent.
    case download
    /// Neither.
    case other
}

/// An origin's connections on one event loop, looked at once a second: one timer for all of them, none for each.
final class ConnectionGroup {
    private var connections: [ObjectIdentifier: any TimedConnection] = [:]
    /// Whether the server is ending: a new connection is closed at once.
    private var isCutOff = false
    /// Seconds since the group began, the resolution of every timeout.
    private(set) var tick = 0
    var headWriter = ResponseHeadWriter(fields: ConnectionGroup.commonFields)
    /// Allocated with the first response: only the storage origin assembles its own.
    lazy var response = ResponseBuffer()

    /// Starts the timer.
    static func start(on eventLoop: any EventLoop) -> NIOLoopBound<ConnectionGroup> {
        let group = NIOLoopBound(ConnectionGroup(), eventLoop: eventLoop)
        eventLoop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { _ in group.value.advance() }
        return group
    }

    /// The most look-ups under way.
    static let maximumLookUps = 1_024
    private var lookUps = 0

    /// Counts a look-up whose row comes later; `false` where too many are under way.
    func beginLookUp() -> Bool {
        guard self.lookUps < Self.maximumLookUps else { return false }
        self.lookUps += 1
        return true
    }

    func endLookUp() { self.lookUps -= 1 }

    func add(_ connection: any TimedConnection) {
        self.connections[ObjectIdentifier(connection)] = connection
        if self.isCutOff { connection.cutOff() }
    }

    func remove(_ connection: any TimedConnection) {
        self.connections[ObjectIdentifier(connection)] = nil
    }

    /// Closes every connection, whatever it is doing, and returns what they were doing.
    @discardableResult
    func cutOffAll() -> CutOffConnections {
        self.isCutOff = true
        var cutOff = CutOffConnections()
        for connection in Array(self.connections.values) {
            cutOff.add(connection.activity)
            connection.cutOff()
        }
        return cutOff
    }

    private func advance() {
        self.tick += 1
        for connection in Array(self.connections.values) { connection.secondPassed() }
    }
}
