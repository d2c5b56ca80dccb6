import CloakroomDomain
import Testing

@testable import CloakroomClient

/// When the connection of a stream is closed, and how much is read from it.
struct FileEventConnectionTests {
    private static func events(_ server: ScriptedServer) throws -> FileEventSequence {
        try server.client().events(after: .cursor(try #require(EventCursor("g.0"))))
    }

    @Test func cancellationClosesTheConnection() async throws {
        try await ScriptedServer.run([.stream, .event("g.1"), .hold]) { server in
            let events = try Self.events(server)
            let (first, seen) = AsyncStream.makeStream(of: Void.self)
            let task = Task {
                var iterator = events.makeAsyncIterator()
                _ = try await iterator.next()
                seen.finish()
                return try await iterator.next() == nil
            }
            for await _ in first {}
            task.cancel()
            await #expect(throws: CloakroomError.cancelled) { try await task.value }
            try await ScriptedServer.eventually { server.departures == 1 }
        }
    }

    @Test func leavingTheLoopClosesTheConnection() async throws {
        try await ScriptedServer.run([.stream, .event("g.1"), .hold]) { server in
            for try await (event, cursor) in try Self.events(server) {
                #expect((event.type, cursor.description) == (.ready, "g.1"))
                break
            }
            try await ScriptedServer.eventually { server.departures == 1 }
        }
    }

    @Test func failureClosesTheConnection() async throws {
        try await ScriptedServer.run([.stream, .send("id: g.1\ndata: x\n\n"), .hold]) { server in
            var iterator = try Self.events(server).makeAsyncIterator()
            await #expect(throws: CloakroomError.self) { try await iterator.next() }
            try await ScriptedServer.eventually { server.departures == 1 }
        }
    }

    @Test func streamsDoNotTakeTheConnectionsOfCalls() async throws {
        let stream: [ScriptedServer.Step] = [.stream, .event("g.1"), .hold]
        let page = [ScriptedServer.Step.json(EventFixture.page([], next: "g.1"))]
        // More than the HTTP client's connections to a service for calls, which are 8.
        try await ScriptedServer.run(scripts: Array(repeating: stream, count: 10) + [page]) { server in
            var iterators: [FileEventSequence.AsyncIterator] = []
            for _ in 0..<10 {
                var iterator = try Self.events(server).makeAsyncIterator()
                _ = try await iterator.next()
                iterators.append(iterator)
            }
            #expect(try await server.client().eventPage().nextCursor.description == "g.1")
            iterators.removeAll()
            try await ScriptedServer.eventually { server.departures == 10 }
        }
    }

    /// The limit is far longer than a busy machine takes to send what is there.
    @Test(.timeLimit(.minutes(2))) func silenceIsABrokenConnection() async throws {
        try await ScriptedServer.run(
            [.stream, .event("g.1"), .hold], [.hold], [.stream, .event("g.2"), .hold]
        ) { server in
            var events = try Self.events(server)
            #expect(events.silenceLimit == .seconds(45))
            events.silenceLimit = .seconds(3)
            var iterator = events.makeAsyncIterator()
            #expect(try await iterator.next()?.cursor.description == "g.1")
            // Nor is a head awaited for ever.
            #expect(try await iterator.next()?.cursor.description == "g.2")
            try await ScriptedServer.eventually { server.departures == 2 }
        }
    }

    @Test(.timeLimit(.minutes(2))) func timeInWhichNobodyReadsIsNoSilence() async throws {
        try await ScriptedServer.run([.stream, .event("g.1"), .event("g.2"), .hold]) { server in
            var events = try Self.events(server)
            events.silenceLimit = .seconds(3)
            var iterator = events.makeAsyncIterator()
            _ = try await iterator.next()
            try await Task.sleep(for: .seconds(4))
            #expect(try await iterator.next()?.cursor.description == "g.2")
            #expect(server.heads.count == 1)
        }
    }

    @Test func whatIsNotAskedForIsNotRead() async throws {
        let event = "id: g.1\ndata: \(EventFixture.ready)\n\n"
        let texts = String(repeating: event, count: 200)
        try await ScriptedServer.run([.stream, .flood(texts)]) { server in
            var iterator = try Self.events(server).makeAsyncIterator()
            _ = try await iterator.next()
            // The buffers of both sockets fill, and the server stops.
            var seen = -1
            while seen != server.floods {
                seen = server.floods
                try await Task.sleep(for: .milliseconds(200))
            }
            // 64 MiB; buffers of the loopback have a few.
            #expect(seen * texts.utf8.count < 1 << 26)
            for _ in 0..<1_000 { _ = try await iterator.next() }
        }
    }
}
