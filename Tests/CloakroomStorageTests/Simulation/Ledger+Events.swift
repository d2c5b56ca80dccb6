import CloakroomDomain
import Synchronization
import Testing

@testable import CloakroomSQLite
@testable import CloakroomStore

/// A reader of the log of events, who reads as early as anybody can: as soon as a change is committed.
struct EventReader {
    private(set) var position = EventPosition.start
    private(set) var ids: Set<EventID> = []

    mutating func read(_ catalog: Catalog) {
        let query = EventQuery(after: self.position, organization: nil, filter: .all, limit: 1_000)
        // Where the machine is off, nobody reads any more.
        guard let page = try? catalog.events(query) else { return }
        self.ids.formUnion(page.events.map(\.id))
        self.position = page.end
    }
}

extension Ledger {
    /// Reads the events of a service from now on, each as soon as it can be read.
    func follow(_ service: SimulatedService) {
        service.catalog.writer.events?.onEvents { [weak catalog = service.catalog] _ in
            guard let catalog else { return }
            self.reader.withLock { $0.read(catalog) }
        }
    }

    /// Holds the log to what happened: each acknowledged change is told once, nothing is told that is not so, and who has read up
    /// to a place misses nothing behind it.
    func holdEvents(_ service: SimulatedService, _ context: String) throws {
        let query = EventQuery(after: .start, organization: nil, filter: .all, limit: 1_000)
        let log = try service.catalog.events(query).events
        let ids = Set(log.map(\.id))
        #expect(ids.count == log.count, "\(context): an event is there twice")
        let reader = self.reader.withLock { $0 }
        #expect(reader.ids.isSubset(of: ids), "\(context): an event that was read is gone")
        let skipped = log.filter { $0.position <= reader.position && !reader.ids.contains($0.id) }
        #expect(skipped.isEmpty, "\(context): a reader misses \(skipped)")
        let ended = Set(log.filter(\.type.isLast).map(\.file.id))
        for event in log where event.type == .ready && !ended.contains(event.file.id) {
            let isReady = try service.catalog.file(event.file.id)?.seal != nil
            #expect(isReady, "\(context): an event tells of a file that is not ready: \(event.file.id)")
        }
        guard self.isLogComplete.withLock({ $0 }) else { return }
        for id in self.ready.keys {
            let count = log.count { $0.file.id == id && $0.type == .ready }
            #expect(count == 1, "\(context): \(count) events tell of an upload: \(id)")
        }
        for id in self.gone {
            #expect(ended.contains(id), "\(context): no event tells of the end of a file: \(id)")
        }
    }
}
