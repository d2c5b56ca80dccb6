import CloakroomClient
import CloakroomDomain
import Testing

/// Pages of the log, and waiting for a file, against servers that play a script.
struct EventPageTests {
    @Test func pageIsRead() async throws {
        let unknown = #"""
            {"type":"file.moved","timestamp":"2026-11-29T12:00:01Z","more":1,\#
            "data":{"event_id":"evt_1","organization_id":7,"file":[],"reason":"quota"}}
            """#
        try await ScriptedServer.run([
            .json(EventFixture.page([EventFixture.ready, unknown], next: "g.2"))
        ]) { server in
            let page = try await server.client().eventPage(
                after: .cursor(try #require(EventCursor("g.0"))), types: [.ready, .init(rawValue: "file.*")],
                organization: OrganizationID("acme"), limit: 2, wait: .seconds(20))
            #expect(page.nextCursor.description == "g.2")
            #expect(page.events.map(\.type.rawValue) == ["file.ready", "file.moved"])
            #expect(page.events.map { $0.file == nil } == [false, true])
            #expect(page.events.map(\.reason?.rawValue) == [nil, "quota"])
            #expect(page.events[1].organizationID == nil)
            #expect(
                "\(page.events[0])"
                    == "file.ready 2026-11-29T12:00:00Z \(EventFixture.fileID) cat.png (image/png, 3 bytes, ready)")
            #expect("\(page.events[1])" == "file.moved (quota) 2026-11-29T12:00:01Z evt_1")
            #expect(
                server.heads[0].hasPrefix("get /v1/events?after=g.0&types=file.ready,file.%2a&limit=2&wait=20 http/1.1")
            )
            #expect(server.heads[0].contains("\r\naccept: application/json\r\n"))
        }
    }

    @Test func withoutParametersItIsTheOldestEvents() async throws {
        try await ScriptedServer.run(
            [.json(EventFixture.page([], next: "g.0"))], [.json(#"{"events":[],"next_cursor":"a b","has_more":false}"#)]
        ) { server in
            let client = try server.client()
            let page = try await client.eventPage()
            #expect(page.events.isEmpty)
            #expect(server.heads[0].hasPrefix("get /v1/events?limit=100 "))
            await #expect(throws: CloakroomError.invalidResponse("a cursor is malformed")) {
                try await client.eventPage()
            }
        }
    }

    @Test func fileIsAwaited() async throws {
        try await ScriptedServer.run([.json(EventFixture.file)], [.json(EventFixture.file)]) { server in
            let id = try #require(FileID(EventFixture.fileID))
            #expect(try await server.client().file(id, wait: .seconds(60)).status == .ready)
            #expect(try await server.client().file(id).status == .ready)
            #expect(server.heads[0].hasPrefix("get /v1/files/\(id)?wait=60 "))
            #expect(server.heads[1].hasPrefix("get /v1/files/\(id) "))
        }
    }

    @Test(arguments: ["", "now", "a b", "a\n", "é", String(repeating: "a", count: 257)])
    func otherTextsAreNoCursors(text: String) {
        #expect(EventCursor(text) == nil)
    }
}
