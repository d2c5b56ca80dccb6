package import CloakroomDomain
package import CloakroomStore
import Synchronization

extension MemoryRows.State {
    struct Entry {
        let position: EventPosition
        let type: EventType
        let occurredAt: Timestamp
        let reason: EventReason?
        let file: FileID
        let organization: OrganizationID
    }

    mutating func note(_ type: EventType, of record: FileRecord, at moment: Timestamp, reason: EventReason? = nil) {
        self.lastEvent += 1
        self.events.append(
            Entry(
                position: EventPosition(self.lastEvent), type: type, occurredAt: moment, reason: reason,
                file: record.id,
                organization: record.organization))
        if type.isLast { self.removed[record.id] = record }
    }
}

extension MemoryRows: EventRows {
    package func findEvents(_ query: EventQuery) -> Lookup<EventPage> {
        self.look { state in
            let entries = state.events.filter { entry in
                entry.position > query.after && query.organization.map { $0 == entry.organization } ?? true
            }
            let events = entries.compactMap { entry in
                (state.files[entry.file]?.record ?? state.removed[entry.file]).map { file in
                    EventRecord(
                        position: entry.position, type: entry.type, occurredAt: entry.occurredAt, reason: entry.reason,
                        file: file)
                }
            }.filter { query.matches($0) }
            let page = Array(events.prefix(query.limit))
            let end = max(query.after, EventPosition(state.lastEvent))
            let isWhole = page.count < query.limit
            return EventPage(
                events: page, end: isWhole ? end : page.last?.position ?? end, isWhole: isWhole,
                isBroken: query.after < state.droppedEvents)
        }
    }

    package func findEventLog() -> Lookup<EventLogState> {
        self.look { state in
            let end = EventPosition(state.lastEvent)
            return EventLogState(
                start: state.droppedEvents, end: end, limit: end,
                cursors: EventCursors(generation: [UInt8](repeating: 7, count: 16)))
        }
    }

    package func dropEvents(notFrom time: ClosedRange<Timestamp>, limit: Int) async throws(StorageError) -> Int {
        self.change { state in
            let old = state.events.prefix { !time.contains($0.occurredAt) }.prefix(limit)
            for entry in old where entry.type.isLast { state.removed[entry.file] = nil }
            state.droppedEvents = old.last?.position ?? state.droppedEvents
            state.events.removeFirst(old.count)
            return old.count
        }
    }

    package func onEvents(_ listener: @escaping @Sendable (EventPosition) -> Void) {
        self.listener.withLock { $0 = Listener(notice: listener) }
    }
}
