import CloakroomDomain
import CloakroomStore
import Synchronization

/// Rows in memory: the ports' meaning in as few lines as it takes, for tests.
///
/// It loses everything with the process. A look-up is answered at once, or later by another thread, as an engine across a
/// network does.
package final class MemoryRows: Sendable {
    /// When look-ups are answered.
    package enum Answers: String, Hashable, Sendable, CaseIterable {
        case now
        case later
    }

    struct Row {
        var record: FileRecord
        var locator: BlobLocator?
    }

    struct Deletion {
        let locator: BlobLocator?
        let forgetAfter: Timestamp
        var isRemoved = false
    }

    struct Key {
        var record: APIKeyRecord
        let digest: [UInt8]
    }

    struct UsedKey: Hashable {
        let organization: OrganizationID
        let text: String
    }

    struct Use {
        let fingerprint: [UInt8]
        let file: FileID
        let createdAt: Timestamp
    }

    struct Organization {
        let createdAt: Timestamp
        var quota = Quota()
    }

    struct Listener {
        let notice: @Sendable (EventPosition) -> Void
    }

    struct State {
        var files: [FileID: Row] = [:]
        var deletions: [FileID: Deletion] = [:]
        var keys: [APIKeyID: Key] = [:]
        var uses: [UsedKey: Use] = [:]
        var organizations: [OrganizationID: Organization] = [:]
        var events: [Entry] = []
        var lastEvent: Int64 = 0
        var droppedEvents = EventPosition.start
        var removed: [FileID: FileRecord] = [:]
    }

    private let state = Mutex(State())
    let listener = Mutex<Listener?>(nil)
    private let answers: Answers

    package init(_ answers: Answers = .now) {
        self.answers = answers
    }

    /// Changes the rows in one transaction.
    func change<Value: Sendable>(_ body: (inout sending State) throws -> Value) rethrows -> Value {
        let (value, last) = try self.state.withLock { state in
            let last = state.lastEvent
            let value = try body(&state)
            return (value, state.lastEvent > last ? EventPosition(state.lastEvent) : nil)
        }
        if let last { self.listener.withLock { $0 }?.notice(last) }
        return value
    }

    /// Looks something up.
    func look<Value: Sendable>(_ body: @escaping @Sendable (State) -> Value) -> Lookup<Value> {
        switch self.answers {
        case .now: return .now(.success(self.state.withLock { body($0) }))
        case .later:
            let pending = PendingLookup<Value>()
            Task { pending.complete(.success(self.state.withLock { body($0) })) }
            return .later(pending)
        }
    }
}

extension MemoryRows.State {
    /// An organization's file that has not expired.
    func file(_ id: FileID, of organization: OrganizationID, now: Timestamp) -> FileRecord? {
        guard let record = self.files[id]?.record, record.organization == organization, !record.isExpired(at: now)
        else {
            return nil
        }
        return record
    }

    func usage(of organization: OrganizationID) -> Quota.Usage {
        let sizes = self.files.values.filter { $0.record.organization == organization }
            .map(\.record.declaration.size.bytes)
        return .init(files: Int64(sizes.count), bytes: sizes.reduce(0, +))
    }

    func excess(adding size: ByteCount, to organization: OrganizationID) -> Quota.Excess? {
        do throws(Quota.Excess) {
            try self.organizations[organization]?.quota.check(adding: size, to: self.usage(of: organization))
            return nil
        } catch {
            return error
        }
    }

    /// Turns a row into a tombstone.
    mutating func delete(
        _ id: FileID, _ event: EventType?, _ reason: EventReason? = nil, now: Timestamp
    ) -> Tombstone? {
        guard let row = self.files.removeValue(forKey: id) else { return nil }
        if let event { self.note(event, of: row.record, at: now, reason: reason) }
        let last = max(now, row.record.uploadExpiresAt)
        self.deletions[id] = MemoryRows.Deletion(
            locator: row.locator, forgetAfter: last.advanced(bySeconds: Retention.uploadGraceSeconds))
        return Tombstone(id: id, locator: row.locator)
    }

    mutating func freeKey(of id: FileID) { self.uses = self.uses.filter { $0.value.file != id } }
}
