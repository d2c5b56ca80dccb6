/// An entry of the log of events.
package struct EventRecord: Hashable, Sendable {
    /// Its place: later entries have higher numbers, with gaps.
    package let position: EventPosition
    package let type: EventType
    /// When it happened.
    package let occurredAt: Timestamp
    /// Why, for ``EventType/deleted``.
    package let reason: EventReason?
    /// The file as it is now, or as it was last.
    package let file: FileRecord

    package init(
        position: EventPosition, type: EventType, occurredAt: Timestamp, reason: EventReason? = nil, file: FileRecord
    ) {
        self.position = position
        self.type = type
        self.occurredAt = occurredAt
        self.reason = reason
        self.file = file
    }

    package var id: EventID { EventID(self.type, of: self.file.id, at: self.occurredAt) }
    package var organization: OrganizationID { self.file.organization }
}

/// A place in the log of events: that of an entry, or behind all that are read.
package struct EventPosition: Hashable, Comparable, Sendable {
    /// Before every entry.
    package static let start = EventPosition(0)

    package let number: Int64

    package init(_ number: Int64) {
        self.number = number
    }

    package static func < (left: Self, right: Self) -> Bool { left.number < right.number }
}
