import CloakroomDomain
import CloakroomStore
import Logging
import NIOCore
import NIOEmbedded
import ReferenceEngine
import Testing

@testable import CloakroomServer

/// Rows that come later: what a connection waits for, and what it does when it closes or waits for too many.
struct LookUpTests {
    /// A look-up whose row the test provides.
    private final class Row {
        let pending = PendingLookup<Int>()
        var isCancelled: Bool { self.pending.isOver && !self.hasCome }
        private var hasCome = false

        func come(_ value: Int) {
            self.hasCome = !self.pending.isOver
            self.pending.complete(.success(value))
        }
    }

    /// A connection without a socket.
    private struct Client {
        let channel = EmbeddedChannel()
        let connection: StorageConnection
        let row: Row

        init(_ environment: StorageEnvironment, _ group: ConnectionGroup) throws {
            self.connection = StorageConnection(environment: environment, group: group)
            self.row = Row()
            try self.channel.pipeline.syncOperations.addHandler(self.connection)
            try self.channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        }

        /// Lets the connection wait for the row; it is noted in the response's place.
        func wait(_ found: @escaping (Result<Int, StorageError>) -> Void = { _ in }) {
            self.connection.wait(for: self.row.pending, self.connection.makeExchange()) { found($1) }
        }

        /// Lets the row come.
        func find(_ value: Int) {
            self.row.come(value)
            self.channel.embeddedEventLoop.run()
        }

        func sentText() throws -> String {
            var text = ""
            while let data = try self.channel.readOutbound(as: IOData.self) {
                if case .byteBuffer(let bytes) = data { text += String(buffer: bytes) }
            }
            return text
        }
    }

    private static func withEnvironment(_ body: (StorageEnvironment) throws -> Void) throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let keyRing = try #require(KeyRing([try SigningKey.generate(now: SystemClock().now)]))
        let policy = SigningPolicy(
            region: "local", lifetimeSeconds: 3_600, baseURL: try #require(StorageURL("http://127.0.0.1:1")),
            maximumSize: .defaultMaximumFileSize)
        let environment = StorageEnvironment(
            storage: MemoryStore(.later).storage, policy: policy, signingKeys: SigningKeys(keyRing), limits: .init(),
            connectionLimiter: nil, accessLog: nil, logger: logger)
        try body(environment)
    }

    @Test
    func requestGoesOnWithTheRow() throws {
        try Self.withEnvironment { environment in
            let client = try Client(environment, ConnectionGroup())
            var found: [Int] = []
            client.wait { found.append((try? $0.get()) ?? -1) }
            #expect(client.connection.machine.state == .lookingUp)
            #expect(found.isEmpty)
            client.find(42)
            #expect(found == [42])
            #expect(client.connection.machine.state == .responding)
            #expect(!client.row.isCancelled)
        }
    }

    @Test
    func connectionThatClosesCancelsItsLookUp() throws {
        try Self.withEnvironment { environment in
            let client = try Client(environment, ConnectionGroup())
            var found: [Int] = []
            client.wait { found.append((try? $0.get()) ?? -1) }
            client.connection.cutOff()
            #expect(client.row.isCancelled)
            client.find(42)
            #expect(found.isEmpty)
        }
    }

    @Test
    func lookUpsOfAnEventLoopAreBounded() throws {
        try Self.withEnvironment { environment in
            let group = ConnectionGroup()
            let clients = try (0..<1_024).map { _ in try Client(environment, group) }
            for client in clients { client.wait() }
            let excess = try Client(environment, group)
            excess.wait()
            #expect(excess.row.isCancelled)
            let response = try excess.sentText()
            #expect(response.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
            #expect(response.contains("Retry-After: 1\r\n"))
            #expect(response.contains("<Code>SlowDown</Code>"))
            // A row that has come makes room for another.
            clients[0].find(1)
            let next = try Client(environment, group)
            next.wait()
            #expect(next.connection.machine.state == .lookingUp)
            for client in clients { client.find(1) }
        }
    }
}
