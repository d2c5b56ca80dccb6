import CloakroomClient

/// Prints events, and remembers where to continue.
struct EventPrinter: Sendable {
    let client: CloakroomClient
    let start: EventStart
    let types: [FileEvent.Kind]
    let json: Bool
    /// How many are still to be printed.
    var rest: Int
    /// Where to continue after what has been printed; `nil` where nothing has been asked for yet.
    private(set) var place: EventCursor?

    init(client: CloakroomClient, start: EventStart, types: [FileEvent.Kind], json: Bool, limit: Int) {
        self.client = client
        self.start = start
        self.types = types
        self.json = json
        self.rest = limit
    }

    /// Whether there is something to tell about the place.
    var hasMoved: Bool { self.place.map { self.start != .cursor($0) } ?? false }

    /// Prints what the log has.
    mutating func printLog() async throws {
        var start = self.start
        while self.rest > 0 {
            let page = try await self.client.eventPage(
                after: start, types: self.types, limit: min(self.rest, EventsCommand.pageSize))
            for (index, event) in page.events.enumerated() {
                // The service names the place after the last event of a page.
                try self.print(event, index == page.events.count - 1 ? page.nextCursor : nil)
            }
            self.place = page.nextCursor
            guard page.hasMore else { return }
            start = .cursor(page.nextCursor)
        }
    }

    /// Prints events as they come.
    mutating func follow() async throws {
        var events = self.client.events(after: self.start, types: self.types).makeAsyncIterator()
        while self.rest > 0 {
            let next: FileEventSequence.Element?
            do throws(CloakroomError) {
                next = try await events.next()
            } catch {
                self.place = events.cursor
                throw error
            }
            guard let next else { return }
            try self.print(next.event, next.cursor)
            self.place = next.cursor
        }
    }

    private mutating func print(_ event: FileEvent, _ cursor: EventCursor?) throws(StandardOutput.WriteError) {
        try StandardOutput.print(
            self.json ? EventOutput.json(event, cursor) : EventOutput.columns(event))
        self.rest -= 1
    }
}
