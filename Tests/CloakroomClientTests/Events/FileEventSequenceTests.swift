import CloakroomDomain
import Testing

@testable import CloakroomClient

/// The stream of events against servers that play a script.
struct FileEventSequenceTests {
    private static func cursor(_ text: String) throws -> EventCursor { try #require(EventCursor(text)) }

    private static func heads(_ server: ScriptedServer, _ index: Int, contain texts: String...) throws {
        try #require(server.heads.count > index)
        for text in texts { #expect(server.heads[index].contains(text), "\(text) is not in \(server.heads[index])") }
    }

    @Test func eventsComeWithTheirCursors() async throws {
        let deleted = EventFixture.event("file.deleted", file: EventFixture.file, reason: #","reason":"expired""#)
        try await ScriptedServer.run([.stream, .event("g.1"), .send(": x\n\n"), .event("g.2", deleted), .hold]) {
            server in
            let client = try server.client()
            let acme = try #require(OrganizationID("acme"))
            let events = client.events(
                after: .cursor(try Self.cursor("g.0")), types: [.ready, .deleted], organization: acme)
            var iterator = events.makeAsyncIterator()
            let first = try #require(try await iterator.next())
            #expect((first.event.type, first.event.id, first.event.reason) == (.ready, EventFixture.id, nil))
            #expect(first.event.file?.id.description == EventFixture.fileID)
            #expect(first.event.organizationID == acme)
            #expect(first.cursor.description == "g.1")
            let second = try #require(try await iterator.next())
            #expect((second.event.type, second.event.reason, second.cursor.description) == (.deleted, .expired, "g.2"))
            #expect(iterator.cursor == second.cursor)
            try Self.heads(
                server, 0, contain: "get /v1/events?after=g.0&types=file.ready,file.deleted http/1.1",
                "\r\naccept: text/event-stream\r\n", "\r\nauthorization: bearer sk_", "\r\nx-organization-id: acme\r\n")
            #expect(!server.heads[0].contains("last-event-id"))
        }
    }

    @Test func brokenConnectionIsContinuedAfterTheLastEvent() async throws {
        let half = String(EventFixture.ready.prefix(40))
        try await ScriptedServer.run(
            [.stream, .event("g.1"), .send("id: g.2\ndata: \(half)")],
            [.error("503 Service Unavailable", "UNAVAILABLE")],
            [.error("429 Too Many Requests", "RATE_LIMITED", fields: "Retry-After: 0\r\n")],
            [.error("502 Bad Gateway", "HTTP_502")], [],
            [.stream, .event("g.2"), .hold]
        ) { server in
            var iterator = try server.client().events(after: .cursor(try Self.cursor("g.0"))).makeAsyncIterator()
            #expect(try await iterator.next()?.cursor.description == "g.1")
            #expect(try await iterator.next()?.cursor.description == "g.2")
            // More attempts than the policy has for a call.
            #expect(server.heads.count == 6)
            for index in 1...5 { try Self.heads(server, index, contain: "after=g.1 ", "\r\nlast-event-id: g.1\r\n") }
        }
    }

    @Test func chunkThatIsCutOffIsABrokenConnection() async throws {
        let type = "Content-Type: text/event-stream; charset=utf-8"
        let head = "HTTP/1.1 200 OK\r\n\(type)\r\nTransfer-Encoding: chunked\r\n\r\n"
        let event = "id: g.1\ndata: \(EventFixture.ready)\n\n"
        let chunk = String(event.utf8.count, radix: 16) + "\r\n\(event)\r\n"
        try await ScriptedServer.run([.send(head + chunk + "ff\r\nid:")], [.stream, .event("g.2"), .hold]) { server in
            var iterator = try server.client().events(after: .cursor(try Self.cursor("g.0"))).makeAsyncIterator()
            #expect(try await iterator.next()?.cursor.description == "g.1")
            #expect(try await iterator.next()?.cursor.description == "g.2")
        }
    }

    @Test func placeWithoutAnEventMovesTheCursor() async throws {
        try await ScriptedServer.run(
            [.stream, .event("g.1"), .send(": none\nid: g.7\n\n")], [.stream, .event("g.9"), .hold]
        ) { server in
            var iterator = try server.client().events(after: .cursor(try Self.cursor("g.0"))).makeAsyncIterator()
            _ = try await iterator.next()
            #expect(try await iterator.next()?.cursor.description == "g.9")
            try Self.heads(server, 1, contain: "after=g.7 ", "\r\nlast-event-id: g.7\r\n")
        }
    }

    @Test func streamFromNowBeginsWithACursor() async throws {
        try await ScriptedServer.run(
            [.json(EventFixture.page([], next: "g.5"))], [.stream], [.stream, .event("g.6"), .hold]
        ) { server in
            var iterator = try server.client().events().makeAsyncIterator()
            #expect(try await iterator.next()?.cursor.description == "g.6")
            try Self.heads(server, 0, contain: "get /v1/events?after=now&limit=1 ")
            // What happened while the connection was made anew is not skipped.
            for index in 1...2 { try Self.heads(server, index, contain: "get /v1/events?after=g.5 ") }
        }
    }

    @Test func streamFromTheOldestBeginsWithTheLog() async throws {
        try await ScriptedServer.run(
            [.json(EventFixture.page([EventFixture.ready], next: "g.1"))], [.stream, .event("g.2"), .hold]
        ) { server in
            var iterator = try server.client().events(after: .oldest).makeAsyncIterator()
            #expect(try await iterator.next()?.cursor.description == "g.1")
            #expect(try await iterator.next()?.cursor.description == "g.2")
            try Self.heads(server, 0, contain: "get /v1/events?limit=1 ")
            try Self.heads(server, 1, contain: "get /v1/events?after=g.1 ")
        }
    }

    @Test(arguments: [
        ("410 Gone", "EVENT_CURSOR_GONE"), ("401 Unauthorized", "UNAUTHORIZED"), ("403 Forbidden", "FORBIDDEN"),
        ("400 Bad Request", "INPUT_VALIDATION_ERROR"), ("404 Not Found", "NOT_FOUND"),
    ])
    func rejectionEndsTheStream(status: String, code: String) async throws {
        // At once, and after a connection that worked.
        try await ScriptedServer.run(
            [.error(status, code)], [.stream, .event("g.1")], [.error(status, code)]
        ) { server in
            for events in [0, 1] {
                var iterator = try server.client().events(after: .cursor(try Self.cursor("g.0"))).makeAsyncIterator()
                for _ in 0..<events { _ = try await iterator.next() }
                let error = await #expect(throws: CloakroomError.self) { try await iterator.next() }
                guard case .service(let service) = error else {
                    Issue.record("\(String(describing: error))")
                    return
                }
                #expect((service.code, service.status) == (code, Int(status.prefix(3))))
                #expect(try await iterator.next() == nil)
            }
        }
    }

    @Test func firstConnectionIsTriedAsThePolicySays() async throws {
        try await ScriptedServer.run([], [], [], [.stream, .event("g.1")]) { server in
            var iterator = try server.client().events(after: .cursor(try Self.cursor("g.0"))).makeAsyncIterator()
            await #expect(throws: CloakroomError.self) { try await iterator.next() }
            #expect(server.heads.count == 3)
        }
        try await ScriptedServer.run([.stream, .event("g.1")], [.stream, .event("g.2")]) { server in
            let client = try server.client(retryPolicy: .none)
            var iterator = client.events(after: .cursor(try Self.cursor("g.0"))).makeAsyncIterator()
            _ = try await iterator.next()
            await #expect(throws: CloakroomError.connection("the service ended the stream")) {
                try await iterator.next()
            }
            #expect(server.heads.count == 1)
        }
    }

    private static let invalid: [(String, [ScriptedServer.Step])] = [
        ("no stream", [.json(EventFixture.page([], next: "g.1"))]),
        ("no content", [.send("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")]),
        ("too long", [.stream, .send("data: " + String(repeating: "x", count: 65_536)), .hold]),
        ("no JSON", [.stream, .send("id: g.1\ndata: x\n\n"), .hold]),
        ("no cursor", [.stream, .send("data: \(EventFixture.ready)\n\n"), .hold]),
        ("no file", [.stream, .event("g.1", EventFixture.event("file.ready", file: "{}")), .hold]),
    ]

    @Test(arguments: invalid)
    func whatTheServiceDoesNotSendEndsTheStream(name: String, script: [ScriptedServer.Step]) async throws {
        try await ScriptedServer.run(script) { server in
            var iterator = try server.client().events(after: .cursor(try Self.cursor("g.0"))).makeAsyncIterator()
            let error = await #expect(throws: CloakroomError.self) { try await iterator.next() }
            guard case .invalidResponse = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(server.heads.count == 1)
        }
    }
}
