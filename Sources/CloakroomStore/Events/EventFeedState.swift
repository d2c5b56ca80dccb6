import CloakroomDomain
import DequeModule

/// Who waits for events, and the newest of them.
struct EventFeedState<Waiter> {
    private struct Waiting {
        var query: EventQuery
        let waiter: Waiter
    }

    /// How many entries are kept.
    private let capacity: Int
    /// The entries behind ``start`` up to ``end``, all of them.
    private var recent: Deque<EventRecord> = []
    private var start = EventPosition.start
    private var end = EventPosition.start
    /// Up to where there are entries, as far as is known: who has read up to here has read all.
    private var head = EventPosition.start
    private var waiting: [UInt64: Waiting] = [:]
    private var lastID: UInt64 = 0
    private var isReading = false

    init(capacity: Int = 4_096) {
        self.capacity = capacity
    }

    var waiterCount: Int { self.waiting.count }

    /// Returns an id for a waiter.
    mutating func nextID() -> UInt64 {
        self.lastID += 1
        return self.lastID
    }

    /// Adds a waiter, unless there is an outcome at once.
    mutating func wait(_ query: EventQuery, _ id: UInt64, _ waiter: Waiter) -> EventFeed.Outcome? {
        if query.after < self.head {
            guard query.after >= self.start else { return .behind }
            if let page = self.matches(query) { return .events(page) }
        }
        var query = query
        query.after = max(query.after, self.end)
        self.waiting[id] = Waiting(query: query, waiter: waiter)
        return nil
    }

    /// Removes a waiter that is still there, and returns up to where nothing came for it.
    mutating func giveUp(_ id: UInt64) -> (Waiter, EventPosition)? {
        self.waiting.removeValue(forKey: id).map { ($0.waiter, $0.query.after) }
    }

    // MARK: The reader

    /// Notes up to where there are entries; returns whether reading has to begin.
    mutating func wake(upTo position: EventPosition) -> Bool {
        guard position > self.head else { return false }
        defer { self.head = max(self.head, position) }
        guard !self.isReading else { return false }
        guard !self.waiting.isEmpty else {
            self.forget(upTo: position)
            return false
        }
        // All who wait have read up to the head, and so has the reader, or it begins there.
        if self.end < self.head { self.forget(upTo: self.head) }
        self.isReading = true
        return true
    }

    /// Returns where the reader goes on; `nil` where it has read everything, or nobody waits any more.
    mutating func nextRead() -> EventPosition? {
        if self.waiting.isEmpty { self.forget(upTo: self.head) }
        guard self.end < self.head else {
            self.isReading = false
            return nil
        }
        return self.end
    }

    /// Keeps what the reader has read, and returns those whose wait is over; `nil` stands for a failure.
    mutating func keep(_ page: EventPage?) -> [(Waiter, EventFeed.Outcome)] {
        guard let page else {
            self.forget(upTo: self.head)
            defer { self.waiting = [:] }
            return self.waiting.values.map { ($0.waiter, .behind) }
        }
        self.recent.append(contentsOf: page.events)
        self.end = max(self.end, page.end)
        self.head = max(self.head, self.end)
        while self.recent.count > self.capacity { self.start = self.recent.removeFirst().position }
        let organizations = Set(page.events.map(\.organization))
        var woken: [(Waiter, EventFeed.Outcome)] = []
        for (id, one) in self.waiting {
            if one.query.after < self.start {
                woken.append((one.waiter, .behind))
            } else if one.query.organization.map({ organizations.contains($0) }) ?? true,
                let matching = self.matches(one.query)
            {
                woken.append((one.waiter, .events(matching)))
            } else {
                self.waiting[id]?.query.after = max(one.query.after, self.end)
                continue
            }
            self.waiting[id] = nil
        }
        return woken
    }

    /// Keeps nothing from before a position.
    private mutating func forget(upTo position: EventPosition) {
        (self.recent, self.start, self.end) = ([], position, position)
    }

    /// The kept entries that a query asks for; `nil` where there are none.
    private func matches(_ query: EventQuery) -> EventPage? {
        // The entries are in the order of their positions.
        var (low, high) = (self.recent.startIndex, self.recent.endIndex)
        while low < high {
            let middle = low + (high - low) / 2
            if self.recent[middle].position > query.after { high = middle } else { low = middle + 1 }
        }
        var events: [EventRecord] = []
        for event in self.recent[low...] where query.matches(event) {
            events.append(event)
            if events.count == query.limit { return EventPage(events: events, end: event.position) }
        }
        return events.isEmpty ? nil : EventPage(events: events, end: self.end)
    }
}
