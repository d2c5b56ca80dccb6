package import CloakroomDomain

/// The log of events.
///
/// An entry is written in the transaction of the change that it tells of, by whatever method makes that: a seal, the insertion of a
/// ready file, a deletion, a revocation. Entries are seen in the order of their numbers: none appears later below one that was
/// read. A number that may have been read is not given again, even if a power cut takes the entry; an entry that is written
/// again has the same ``EventID``.
package protocol EventRows: Sendable {
    /// Looks up the entries behind a position, in their order.
    ///
    /// A page that looked at many entries in vain may be short.
    func findEvents(_ query: EventQuery) -> Lookup<EventPage>
    /// Looks up how far the log goes.
    func findEventLog() -> Lookup<EventLogState>
    /// Drops the oldest entries, as far as they are not from a time, and returns how many.
    func dropEvents(notFrom time: ClosedRange<Timestamp>, limit: Int) async throws(StorageError) -> Int
    /// Sets who is told up to where there are entries, after each change that adds some; called on a thread that must not be held
    /// up.
    func onEvents(_ listener: @escaping @Sendable (EventPosition) -> Void)
}

/// Which entries of the log are wanted.
package struct EventQuery: Hashable, Sendable {
    /// Only entries behind it.
    package var after: EventPosition
    /// `nil` stands for those of all organizations.
    package let organization: OrganizationID?
    package let filter: EventFilter
    /// The most entries.
    package var limit: Int
    /// `nil` stands for those of all files.
    package let file: FileID?

    package init(
        after: EventPosition, organization: OrganizationID?, filter: EventFilter, limit: Int, file: FileID? = nil
    ) {
        self.file = file
        self.after = after
        self.organization = organization
        self.filter = filter
        self.limit = limit
    }

    /// Whether an entry behind the position is wanted.
    package func matches(_ event: EventRecord) -> Bool {
        (self.organization.map { $0 == event.organization } ?? true) && self.filter.types.contains(event.type)
            && (self.file.map { $0 == event.file.id } ?? true)
    }
}

/// Entries of the log, in their order.
package struct EventPage: Hashable, Sendable {
    package let events: [EventRecord]
    /// Up to where the log was looked through; the next page is behind it.
    package let end: EventPosition
    /// Whether that is the end of the log at this moment, as far as a page that is full can tell.
    package let isWhole: Bool
    /// Whether entries behind the query's position have been dropped.
    package let isBroken: Bool

    package init(events: [EventRecord], end: EventPosition, isWhole: Bool = true, isBroken: Bool = false) {
        self.events = events
        self.end = end
        self.isWhole = isWhole
        self.isBroken = isBroken
    }
}

/// How far the log of events goes.
package struct EventLogState: Hashable, Sendable {
    /// Before the oldest entry that is kept.
    package let start: EventPosition
    /// Behind the newest entry.
    package let end: EventPosition
    /// No cursor can stand for a place behind this.
    package let limit: EventPosition
    /// What writes and reads cursors.
    package let cursors: EventCursors

    package init(start: EventPosition, end: EventPosition, limit: EventPosition, cursors: EventCursors) {
        self.start = start
        self.end = end
        self.limit = limit
        self.cursors = cursors
    }
}
