public import CloakroomDomain
import NIOHTTP1

/// Some events of the log, oldest first.
public struct FileEventPage: Hashable, Sendable {
    /// The events.
    public let events: [FileEvent]
    /// The place after the last of them, also where there are none.
    public let nextCursor: EventCursor
    /// Whether more may follow: with types, a page can be short or empty although it does.
    public let hasMore: Bool
}

/// What happens to files, by an organization's key with the permission `events:read`, or by a gateway's key, which reads
/// one organization's events, or all with the permission for them.
extension CloakroomClient {
    /// Returns events as they happen, over a connection that is made anew whenever it breaks.
    ///
    /// The connection is opened when the first event is asked for, and closed when the iterator is discarded or its task is
    /// cancelled. Events are read as they are asked for. No event is skipped: a new connection continues after the last one.
    ///
    /// - Parameters:
    ///   - start: Where to begin; by default, with the next event that happens.
    ///   - types: Only events of these types; by default all.
    ///   - organization: Whose events a gateway reads; by default those of the organization that it acts for, else all.
    /// - Returns: The events, each with the cursor to continue after it. The iterator throws ``CloakroomError``, with the
    ///   codes `EVENT_CURSOR_GONE` (events after the cursor may be missing), `UNAUTHORIZED` and `FORBIDDEN` among others.
    public func events(
        after start: EventStart = .now, types: [FileEvent.Kind] = [], organization: OrganizationID? = nil
    ) -> FileEventSequence {
        FileEventSequence(
            client: organization.map { self.acting(for: $0) } ?? self, start: start, types: types)
    }

    /// Returns some events of the log, at once or as soon as there are any.
    ///
    /// - Parameters:
    ///   - start: Where to begin; by default, with the oldest event.
    ///   - types: Only events of these types; by default all.
    ///   - organization: Whose events a gateway reads; by default those of the organization that it acts for, else all.
    ///   - limit: How many events at most, 1 to 1,000.
    ///   - wait: How long the service waits for an event where there is none: up to 60 s, in whole seconds.
    /// - Returns: The events, and where to continue.
    /// - Throws: ``CloakroomError``, with the code `EVENT_CURSOR_GONE` where events after the cursor may be missing.
    public func eventPage(
        after start: EventStart = .oldest, types: [FileEvent.Kind] = [], organization: OrganizationID? = nil,
        limit: Int = 100, wait: Duration = .zero
    ) async throws(CloakroomError) -> FileEventPage {
        let acting = organization.map { self.acting(for: $0) } ?? self
        let client = wait == .zero ? acting : acting.waiting
        let items = ["limit=\(limit)"] + (wait == .zero ? [] : ["wait=\(wait.components.seconds)"])
        let path = client.eventPath(after: start, types: types, items)
        let page = try Self.decode(PageDocument.self, try await client.call(.GET, path))
        guard let cursor = EventCursor(page.nextCursor) else { throw .invalidResponse("a cursor is malformed") }
        var events: [FileEvent] = []
        for document in page.events { events.append(try document.event()) }
        return FileEventPage(events: events, nextCursor: cursor, hasMore: page.hasMore)
    }

    /// The path of the log with its query, which ends with some items.
    func eventPath(after start: EventStart, types: [FileEvent.Kind], _ items: [String] = []) -> String {
        var query: [String] = []
        if let after = start.parameter { query.append("after=\(PercentEncoding.encode(after, as: .query))") }
        if !types.isEmpty {
            let names = types.map { PercentEncoding.encode($0.rawValue, as: .query) }
            query.append("types=\(names.joined(separator: ","))")
        }
        return "/v1/events?" + (query + items).joined(separator: "&")
    }

    private struct PageDocument: Decodable {
        let events: [FileEventDocument]
        let nextCursor: String
        let hasMore: Bool

        private enum CodingKeys: String, CodingKey {
            case events
            case nextCursor = "next_cursor"
            case hasMore = "has_more"
        }
    }
}
