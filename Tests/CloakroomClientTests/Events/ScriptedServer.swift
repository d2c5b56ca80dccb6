import CloakroomClient
import CloakroomDomain
import NIOCore
import NIOPosix
import Synchronization
import Testing

/// A server that plays a script over real sockets: for each connection, what it does after the head of the request.
final class ScriptedServer: Sendable {
    enum Step: Sendable {
        /// Sends text.
        case send(String)
        /// Sends a text over and over, until the client has left.
        case flood(String)
        /// Waits until the client has left.
        case hold
    }

    private struct Record {
        var scripts: ArraySlice<[Step]>
        var heads: [String] = []
        var departures = 0
        var floods = 0
    }

    private let port: Int
    private let record: Mutex<Record>

    private init(port: Int, _ scripts: [[Step]]) {
        self.port = port
        self.record = Mutex(Record(scripts: scripts[...]))
    }

    /// The heads of the requests so far, in lower case.
    var heads: [String] { self.record.withLock { $0.heads } }
    /// How many clients have left while the server held their connection.
    var departures: Int { self.record.withLock { $0.departures } }
    /// How many texts of a flood have been taken by the sockets.
    var floods: Int { self.record.withLock { $0.floods } }

    /// Runs work against a server; connections beyond the scripts are closed at once.
    static func run(
        _ scripts: [Step]..., body: @escaping @Sendable (ScriptedServer) async throws -> Void
    ) async throws {
        try await Self.run(scripts: scripts, body: body)
    }

    /// Runs work against a server; connections beyond the scripts are closed at once.
    static func run(
        scripts: [[Step]], body: @escaping @Sendable (ScriptedServer) async throws -> Void
    ) async throws {
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        let server = ScriptedServer(port: try #require(listener.channel.localAddress?.port), scripts)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try? await server.serve(listener) }
            defer { group.cancelAll() }
            try await body(server)
        }
    }

    func client(
        retryPolicy: RetryPolicy = RetryPolicy(maximumAttempts: 3, firstDelay: .milliseconds(1)),
        organization: OrganizationID? = nil
    ) throws -> CloakroomClient {
        CloakroomClient(
            server: try #require(ServerURL("http://127.0.0.1:\(self.port)")), key: try APIKey.generate(),
            organization: organization, retryPolicy: retryPolicy)
    }

    private typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    private func serve(_ listener: NIOAsyncChannel<Connection, Never>) async throws {
        try await listener.executeThenClose { connections in
            try await withThrowingDiscardingTaskGroup { group in
                for try await connection in connections {
                    group.addTask { try? await self.play(connection) }
                }
            }
        }
    }

    private func play(_ connection: Connection) async throws {
        try await connection.executeThenClose { inbound, outbound in
            var parts = inbound.makeAsyncIterator()
            var head = ""
            while !head.contains("\r\n\r\n") {
                guard let part = try await parts.next() else { return }
                head += String(buffer: part)
            }
            let text = head.lowercased()
            let script = self.record.withLock { record in
                record.heads.append(text)
                return record.scripts.popFirst() ?? []
            }
            for step in script {
                switch step {
                case .send(let text): try await outbound.write(ByteBuffer(string: text))
                case .flood(let text):
                    while true {
                        try await outbound.write(ByteBuffer(string: text))
                        self.record.withLock { $0.floods += 1 }
                    }
                case .hold:
                    while let _ = try? await parts.next() {}
                    self.record.withLock { $0.departures += 1 }
                }
            }
        }
    }

    /// Waits until something is true, for five seconds at most.
    static func eventually(_ condition: () -> Bool) async throws {
        for _ in 0..<1_000 where !condition() { try await Task.sleep(for: .milliseconds(5)) }
        #expect(condition())
    }
}

extension ScriptedServer.Step {
    /// The head of a stream, which ends when the connection does.
    static let stream = Self.send(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\nretry: 1\n\n")

    /// A response in JSON.
    static func json(_ body: String, status: String = "200 OK", fields: String = "") -> Self {
        .send(
            """
            HTTP/1.1 \(status)\r\nContent-Type: application/json\r\nConnection: close\r
            Content-Length: \(body.utf8.count)\r\n\(fields)\r\n\(body)
            """)
    }

    /// A response with an error.
    static func error(_ status: String, _ code: String, fields: String = "") -> Self {
        .json(#"{"error":{"code":"\#(code)","message":"No."}}"#, status: status, fields: fields)
    }

    /// An event of the stream, with a cursor.
    static func event(_ cursor: String, _ event: String = EventFixture.ready) -> Self {
        .send("id: \(cursor)\nevent: file.ready\ndata: \(event)\n\n")
    }
}
