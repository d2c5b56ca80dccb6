import CloakroomCrypto
import CloakroomDomain
import Testing

@testable import CloakroomStore

/// Who waits for events is told of all that match, and of none twice.
struct EventFeedStateTests {
    /// The state in a box, which expectations may change.
    private final class State {
        private var state: EventFeedState<Int>

        init(capacity: Int = 4_096) { self.state = EventFeedState(capacity: capacity) }

        var waiterCount: Int { self.state.waiterCount }

        func wait(_ query: EventQuery, _ id: UInt64, _ waiter: Int) -> EventFeed.Outcome? {
            self.state.wait(query, id, waiter)
        }

        func giveUp(_ id: UInt64) -> EventPosition? { self.state.giveUp(id)?.1 }
        func wake(upTo end: Int64) -> Bool { self.state.wake(upTo: EventPosition(end)) }
        func nextRead() -> EventPosition? { self.state.nextRead() }
        func keep(_ page: EventPage?) -> [(Int, EventFeed.Outcome)] { self.state.keep(page) }
    }

    private static func event(_ number: Int64, of organization: String = "acme") throws -> EventRecord {
        let file = FileRecord(
            id: FileID(milliseconds: UInt64(number), sequence: 0, random: 1),
            organization: try #require(OrganizationID(organization)), declaration: try Fixture.declaration(size: 1),
            createdAt: Fixture.now, uploadExpiresAt: Fixture.now, status: .pending)
        return EventRecord(position: EventPosition(number), type: .abandoned, occurredAt: Fixture.now, file: file)
    }

    private static func query(
        after number: Int64, of organization: String? = nil, limit: Int = 10
    ) throws -> EventQuery {
        EventQuery(
            after: EventPosition(number), organization: try organization.map { try #require(OrganizationID($0)) },
            filter: .all, limit: limit)
    }

    private static func page(_ numbers: [Int64], end: Int64, of organization: String = "acme") throws -> EventPage {
        EventPage(events: try numbers.map { try self.event($0, of: organization) }, end: EventPosition(end))
    }

    /// Wakes the state's reader, and lets it read.
    private static func read(_ state: State, upTo end: Int64, _ page: EventPage) throws -> [(
        Int, EventFeed.Outcome
    )] {
        #expect(state.wake(upTo: end))
        #expect(state.nextRead() != nil)
        let woken = state.keep(page)
        #expect(state.nextRead() == nil)
        return woken
    }

    @Test func aWaiterIsWokenByWhatMatches() throws {
        let state = State()
        #expect(state.wait(try Self.query(after: 7), 1, 11) == nil)
        #expect(state.wait(try Self.query(after: 7, of: "other"), 2, 22) == nil)
        let woken = try Self.read(state, upTo: 9, try Self.page([8, 9], end: 9))
        #expect(woken.map(\.0) == [11])
        #expect(woken.first?.1 == .events(try Self.page([8, 9], end: 9)))
        #expect(state.waiterCount == 1)
        // Who got nothing goes on behind what did not match.
        #expect(state.giveUp(2) == EventPosition(9))
        #expect(state.giveUp(2) == nil)
    }

    @Test func whatCameBetweenReadingAndWaitingIsReadAgain() throws {
        let state = State()
        // Nobody waits: it is not kept.
        #expect(!state.wake(upTo: 8))
        #expect(state.wait(try Self.query(after: 7), 1, 11) == .behind)
        #expect(state.wait(try Self.query(after: 8), 1, 11) == nil)
    }

    @Test func whatIsKeptIsGivenAtOnce() throws {
        let state = State()
        #expect(state.wait(try Self.query(after: 1, of: "nobody"), 1, 11) == nil)
        _ = try Self.read(state, upTo: 4, try Self.page([2, 3, 4], end: 4))
        #expect(
            state.wait(try Self.query(after: 1, limit: 2), 2, 22) == .events(try Self.page([2, 3], end: 3)))
        #expect(state.wait(try Self.query(after: 3), 3, 33) == .events(try Self.page([4], end: 4)))
        #expect(state.wait(try Self.query(after: 0), 4, 44) == .events(try Self.page([2, 3, 4], end: 4)))
        #expect(state.wait(try Self.query(after: 4), 5, 55) == nil)
    }

    @Test func onlySoMuchIsKept() throws {
        let state = State(capacity: 2)
        #expect(state.wait(try Self.query(after: 0, of: "nobody"), 1, 11) == nil)
        let woken = try Self.read(state, upTo: 4, try Self.page([1, 2, 3, 4], end: 4))
        // Some of what came is kept no more: this waiter reads for itself.
        #expect(woken.map(\.1) == [.behind])
        #expect(state.wait(try Self.query(after: 1), 2, 22) == .behind)
    }

    @Test func theReaderGoesOnUntilItHasAll() throws {
        let state = State()
        #expect(state.wait(try Self.query(after: 0), 1, 11) == nil)
        #expect(state.wake(upTo: 2))
        #expect(!state.wake(upTo: 5))
        #expect(state.nextRead() == EventPosition(0))
        #expect(state.keep(try Self.page([1, 2], end: 2)).count == 1)
        // Nobody is left who waits.
        #expect(state.nextRead() == nil)
        #expect(state.wait(try Self.query(after: 2), 2, 22) == .behind)
    }

    @Test func aFailureSendsTheWaitersToTheLog() throws {
        let state = State()
        #expect(state.wait(try Self.query(after: 0), 1, 11) == nil)
        #expect(state.wake(upTo: 1))
        #expect(state.nextRead() != nil)
        #expect(state.keep(nil).map(\.1) == [.behind])
        #expect(state.nextRead() == nil)
        #expect(state.wait(try Self.query(after: 0), 2, 22) == .behind)
    }

    /// The log of a store that is started again begins far behind zero.
    @Test func whoIsBehindTheLogReadsIt() throws {
        let state = State()
        #expect(!state.wake(upTo: 50))
        #expect(state.wait(try Self.query(after: 7), 1, 11) == .behind)
        #expect(state.wait(try Self.query(after: 50), 2, 22) == nil)
        #expect(state.wake(upTo: 51))
        #expect(state.nextRead() == EventPosition(50))
    }
}
