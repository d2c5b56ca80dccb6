import CloakroomDomain
import CloakroomStore
import Synchronization
import Testing

extension RowsContract {
    /// What an event says, apart from its place.
    private struct Told: Hashable {
        let type: EventType
        let reason: EventReason?
        let file: FileID
        let moment: Timestamp
        let isReady: Bool

        init(_ event: EventRecord) {
            (self.type, self.reason, self.file) = (event.type, event.reason, event.file.id)
            (self.moment, self.isReady) = (event.occurredAt, event.file.seal != nil)
        }

        init(_ type: EventType, _ file: UInt64, _ seconds: Int64, reason: EventReason? = nil, isReady: Bool = true) {
            (self.type, self.reason, self.file) = (type, reason, RowsContract.id(file))
            (self.moment, self.isReady) = (RowsContract.after(seconds), isReady)
        }
    }

    private func page(
        after position: EventPosition = .start, of organization: OrganizationID? = nil, _ filter: EventFilter = .all,
        limit: Int = 100, file: FileID? = nil
    ) async throws -> EventPage {
        let query = EventQuery(
            after: position, organization: organization, filter: filter, limit: limit, file: file)
        return try await self.rows.findEvents(query).value()
    }

    package func changesAreToldByEvents() async throws {
        let acme = try Self.organization()
        try await self.addReady(try Self.file(1))
        let ready = try Self.file(2).sealed(Self.seal(2, after: 1))
        #expect(try await self.rows.insert(ready, at: Self.locator, request: nil) == .inserted(ready))
        // Sealed again, and not found: nothing has happened.
        _ = try await self.rows.seal(Self.id(1), Self.seal(), at: nil, durability: .required)
        _ = try await self.rows.seal(Self.id(9), Self.seal(), at: nil, durability: .required)
        _ = try await self.rows.revokeURLs(of: Self.id(1), of: acme, now: Self.after(2))
        _ = try await self.rows.revokeURLs(of: Self.id(1), of: acme, now: Self.after(2))
        _ = try await self.rows.delete(Self.id(1), of: acme, now: Self.after(3))
        _ = try await self.rows.delete(Self.id(1), of: acme, now: Self.after(3))
        try await self.addReady(try Self.file(3, expiresAfter: 60))
        _ = try await self.rows.deleteExpired(now: Self.after(60), limit: 10)
        try await self.add(try Self.file(4))
        let end = 3_600 + Retention.uploadGraceSeconds + 1
        _ = try await self.rows.deleteAbandoned(now: Self.after(end), limit: 10, except: [])
        try await self.add(try Self.file(5))
        try await self.rows.withdraw(Self.id(5), of: acme, now: Self.after(5))

        let events = try await self.page().events
        #expect(
            events.map(Told.init) == [
                Told(.ready, 1, 0), Told(.ready, 2, 1), Told(.urlsRevoked, 1, 2),
                Told(.deleted, 1, 3, reason: .request), Told(.ready, 3, 0), Told(.deleted, 3, 60, reason: .expired),
                Told(.abandoned, 4, end, isReady: false),
            ])
        #expect(Set(events.map(\.id)).count == events.count)
        #expect(events[0].file.declaration == (try Self.file(1).declaration))
    }

    package func eventsAreReadByOrganizationTypeAndFile() async throws {
        for (number, owner) in [(1, "acme"), (2, "other"), (3, "acme"), (4, "other"), (5, "acme")] as [(UInt64, String)]
        {
            try await self.addReady(try Self.file(number, of: owner))
        }
        let acme = try Self.organization()
        _ = try await self.rows.delete(Self.id(3), of: acme, now: Self.after(1))
        let all = try await self.page()
        #expect(all.events.map(\.file.id) == [1, 2, 3, 4, 5, 3].map { Self.id($0) })
        let first = try await self.page(of: acme, limit: 2)
        #expect(first.events.map(\.file.id) == [1, 3].map { Self.id($0) })
        let rest = try await self.page(after: first.end, of: acme)
        #expect(rest.events.map(\.file.id) == [5, 3].map { Self.id($0) })
        #expect(rest.end >= all.events.map(\.position).max() ?? .start)
        #expect(try await self.page(after: rest.end, of: acme) == EventPage(events: [], end: rest.end))
        #expect(!first.isWhole && rest.isWhole)
        let deletions = try EventFilter(names: ["file.deleted"])
        #expect(try await self.page(deletions).events.map(\.file.id) == [Self.id(3)])
        #expect(try await self.page(file: Self.id(3)).events.map(\.type) == [.ready, .deleted])
        #expect(try await self.page(of: Self.organization("nobody")).events.isEmpty)
    }

    private func page(_ filter: EventFilter) async throws -> EventPage {
        try await self.page(after: .start, of: nil, filter)
    }

    private func drop(before moment: Timestamp, limit: Int) async throws -> Int {
        try await self.rows.dropEvents(notFrom: moment...Self.after(1_000), limit: limit)
    }

    package func oldEventsAreDropped() async throws {
        let acme = try Self.organization()
        for number in 1...3 as ClosedRange<UInt64> { try await self.addReady(try Self.file(number)) }
        _ = try await self.rows.delete(Self.id(1), of: acme, now: Self.after(10))
        let before = try await self.page()
        #expect(try await self.drop(before: Self.now, limit: 10) == 0)
        #expect(try await self.drop(before: Self.after(1), limit: 2) == 2)
        #expect(try await self.drop(before: Self.after(1), limit: 2) == 1)
        #expect(try await self.drop(before: Self.after(1), limit: 2) == 0)
        let after = try await self.page()
        #expect(after.events == before.events.suffix(1))
        // A reader who had read nothing has missed some; one who had read them has not.
        #expect(after.isBroken)
        #expect(try await !self.page(after: before.events[2].position).isBroken)
        #expect(try await self.drop(before: Self.after(11), limit: 2) == 1)
        #expect(try await self.page().events.isEmpty)
        // New ones have higher numbers than those that were dropped.
        try await self.addReady(try Self.file(4))
        let last = try #require(before.events.last)
        #expect(try await self.page(after: last.position).events.map(\.file.id) == [Self.id(4)])
        // One from a clock that was ahead holds up nothing.
        let ahead = try Self.file(5).sealed(Self.seal(5, after: 2_000))
        _ = try await self.rows.insert(ahead, at: nil, request: nil)
        #expect(try await self.drop(before: Self.after(1), limit: 5) == 2)
        #expect(try await self.rows.findEventLog().value().end > last.position)
    }

    package func aReaderOfEventsSkipsNone() async throws {
        let count = 200 as UInt64
        let told = Mutex(EventPosition.start)
        self.rows.onEvents { position in told.withLock { $0 = max($0, position) } }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...count {
                group.addTask { try await self.addReady(try Self.file(number)) }
            }
            var (position, found) = (EventPosition.start, [FileID]())
            while found.count < Int(count) {
                let page = try await self.page(after: position, limit: 7)
                #expect(page.events.map(\.position) == page.events.map(\.position).sorted())
                #expect(page.events.allSatisfy { $0.position > position && $0.position <= page.end })
                found += page.events.map(\.file.id)
                position = page.end
                await Task.yield()
            }
            #expect(found.sorted() == (1...count).map { Self.id($0) })
            try await group.waitForAll()
            #expect(told.withLock { $0 } == position)
        }
    }
}
