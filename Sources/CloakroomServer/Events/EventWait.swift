import CloakroomDomain
import CloakroomStore
import Hummingbird

/// A request's wait for events, in steps of a second.
///
/// It ends with its time, and before that at once when the client leaves or the server is about to stop, and within a second when
/// the API key is revoked or expires.
struct EventWait: Sendable {
    /// Those who wait are counted by whose events they wait for.
    typealias Reader = EventWaitLimits.Reader

    private static let step = Duration.seconds(1)

    private let services: APIServices
    private let request: Request
    private let departure: Departure
    private let permit: EventWaitLimits.Permit

    /// Takes a place among those who wait.
    init(
        _ services: APIServices, _ reader: Reader, _ request: Request, _ context: APIContext
    ) throws(APIError) {
        self.permit = try services.waitLimits.take(reader)
        self.services = services
        self.request = request
        self.departure = context.departure()
    }

    /// Whether the client is there, the server goes on, and the key is good.
    private func isOver() async -> Bool {
        if self.departure.hasLeft { return true }
        return await !self.services.authenticator.accepts(self.request)
    }

    /// Returns the first events behind a position; none where the wait is over before there are any.
    func page(_ query: EventQuery, until end: ContinuousClock.Instant) async throws -> EventPage {
        var query = query
        while true {
            let rest = end - .now
            guard rest > .zero, await !self.isOver() else { return EventPage(events: [], end: query.after) }
            let (waiting, step) = (query, min(rest, Self.step))
            let feed = self.services.storage.events.feed
            switch await self.departure.during({ await feed.next(waiting, within: step) }) {
            case .events(let page): return page
            case .timedOut(let position): query.after = position
            case .behind:
                let page = try await self.services.storage.events.page(query)
                if !page.events.isEmpty || page.isBroken { return page }
                query.after = page.end
            }
        }
    }

    /// Whether the wait was ended from outside.
    var hasLeft: Bool { self.departure.hasLeft }

    /// Whether the key is accepted still.
    func isAccepted() async -> Bool { await self.services.authenticator.accepts(self.request) }

    /// Gives up the place among those who wait.
    func end() { self.permit.release() }
}
