import CloakroomDomain
import Synchronization
import Testing

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

/// What a client knows: what it sent, and what it was told.
///
/// A change stands there before it is asked for, and once more when it was acknowledged.
final class Ledger: Sendable {
    private enum Promise {
        case declared
        case mayBeReady
        case ready
        case mayBeGone
        case gone
    }

    private struct Entry {
        let bytes: [UInt8]
        var promise: Promise
    }

    private let entries = Mutex<[FileID: Entry]>([:])
    /// Bytes of which no id is known yet.
    private let unnamed = Mutex<[[UInt8]]>([])

    let reader = Mutex(EventReader())
    /// Whether the log has been kept since the first file.
    let isLogComplete = Mutex(true)

    init() {}

    /// What was promised so far; a run that starts from there goes on in a copy.
    init(_ other: Ledger) {
        let (entries, unnamed) = (other.entries.withLock { $0 }, other.unnamed.withLock { $0 })
        self.entries.withLock { $0 = entries }
        self.unnamed.withLock { $0 = unnamed }
        let (reader, isLogComplete) = (other.reader.withLock { $0 }, other.isLogComplete.withLock { $0 })
        self.reader.withLock { $0 = reader }
        self.isLogComplete.withLock { $0 = isLogComplete }
    }

    func declared(_ id: FileID, _ bytes: [UInt8]) {
        self.entries.withLock { $0[id] = Entry(bytes: bytes, promise: .declared) }
    }

    func sending(_ id: FileID) { self.entries.withLock { $0[id]?.promise = .mayBeReady } }
    func sent(_ id: FileID) { self.entries.withLock { $0[id]?.promise = .ready } }
    func deleting(_ id: FileID) { self.entries.withLock { $0[id]?.promise = .mayBeGone } }
    func deleted(_ id: FileID) { self.entries.withLock { $0[id]?.promise = .gone } }

    func sendingNew(_ bytes: [UInt8]) { self.unnamed.withLock { $0.append(bytes) } }
    func sentNew(_ id: FileID, _ bytes: [UInt8]) {
        self.entries.withLock { $0[id] = Entry(bytes: bytes, promise: .ready) }
    }

    /// The files that have to be there.
    var ready: [FileID: [UInt8]] {
        self.entries.withLock { $0.filter { $0.value.promise == .ready }.mapValues(\.bytes) }
    }

    /// The files that must not be there.
    var gone: [FileID] { self.entries.withLock { $0.filter { $0.value.promise == .gone }.map(\.key) } }

    // MARK: Holding a service to it

    /// Holds a service that has just started to everything that was promised, then repeats what may be repeated, sweeps,
    /// and looks at what is left on the disk.
    func hold(_ service: SimulatedService, _ context: String) async throws {
        // Nothing is damaged: nobody may say that history is lost.
        try await service.lostBodies.find(now: Fixture.now)
        let lost = try service.catalog.lostHistory()
        #expect(lost == nil, "\(context): a false alarm")
        #expect(service.machine.names("blobs/quarantine") == [], "\(context): something is in quarantine")
        try self.holdEvents(service, context)
        for (id, entry) in self.entries.withLock({ $0 }) { try await self.hold(service, id, entry, context) }
        try await self.holdUnnamed(service, context)
        // Pending files of which no upload was promised go, and with them what a crash left.
        try await service.recovery.adoptBlobs()
        try await service.sweep(after: 3 * 3_600)
        try self.holdDisk(service, context)
        #expect(try self.integrity(service) == "ok", "\(context)")
    }

    private func hold(
        _ service: SimulatedService, _ id: FileID, _ entry: Entry, _ context: String
    ) async throws {
        let record = try service.catalog.file(id)
        let found = try await service.bytes(of: id)
        // Not in the expectation itself, which would print both.
        let isRight = found == entry.bytes
        switch entry.promise {
        case .ready:
            #expect(record?.seal?.uploadedAt == Fixture.now, "\(context): a sealed file's row is not ready: \(id)")
            #expect(isRight, "\(context): a sealed file's bytes differ: \(id)")
        case .gone:
            #expect(record?.id == nil, "\(context): a deleted file's row is back: \(id)")
            #expect(found?.count == nil, "\(context): a deleted file's bytes can be read: \(id)")
        case .mayBeGone:
            #expect((record?.seal == nil) == (found == nil), "\(context): a file is deleted by half: \(id)")
            #expect(found == nil || isRight, "\(context): what is left of a deleted file differs: \(id)")
        case .declared, .mayBeReady:
            #expect(record?.id == id, "\(context): a declared file is gone: \(id)")
            if record?.seal != nil { #expect(isRight, "\(context): a ready file's bytes differ: \(id)") }
            #expect(found == nil || isRight, "\(context): a blob can be read in part: \(id)")
            try await service.send(entry.bytes, to: id)
            self.sent(id)
            let isRepeated = try await service.bytes(of: id) == entry.bytes
            #expect(isRepeated, "\(context): a repeated upload's bytes differ: \(id)")
        }
    }

    /// Files that nobody was told of are whole, or pending.
    private func holdUnnamed(_ service: SimulatedService, _ context: String) async throws {
        let known = Set(self.entries.withLock { $0.keys })
        let bodies = self.unnamed.withLock { $0 }
        for record in try self.allFiles(service) where !known.contains(record.id) && record.seal != nil {
            let found = try await service.bytes(of: record.id)
            let isKnown = found.map { bodies.contains($0) } == true
            #expect(isKnown, "\(context): a file that nobody sent: \(record.id)")
        }
    }

    private func allFiles(_ service: SimulatedService) throws -> [FileRecord] {
        let query = FileQuery(limit: 1_000, cursor: nil, status: nil, mediaRange: nil)
        return try service.catalog.files(
            query, of: SimulatedService.access.organization, now: Fixture.now
        ).files
    }

    /// Nothing takes room on the disk but what a ready row refers to.
    private func holdDisk(_ service: SimulatedService, _ context: String) throws {
        let ready = try self.allFiles(service).filter { $0.seal != nil }
        let slots = try ready.compactMap { try service.catalog.slot($0.id) }
        let packed = try Set(ready.filter { try service.catalog.slot($0.id) != nil }.map(\.id.uuid))
        let expected = Set(ready.map(\.id.uuid)).subtracting(packed)
        var names: Set<String> = []
        for shard in 0..<256 {
            let name = String(shard, radix: 16)
            names.formUnion(service.machine.names("blobs/" + (name.count == 1 ? "0" + name : name)))
        }
        #expect(names == expected, "\(context): blobs without a ready row, or rows without a blob")
        for pack in service.machine.names("blobs/packs") {
            let pages = service.machine.content("blobs/packs/\(pack)")?.pages ?? []
            let used = slots.filter { $0.pack.fileName == pack }.flatMap {
                Int($0.offset) / SimulatedDisk.page..<(Int($0.offset) + $0.length) / SimulatedDisk.page
            }
            #expect(Set(used).isSubset(of: pages), "\(context): a slot has lost pages")
            let orphans = pages.subtracting(used).subtracting([0]).filter { page in
                let bytes = service.machine.content("blobs/packs/\(pack)")?.bytes ?? []
                return bytes[page * SimulatedDisk.page..<min(bytes.count, (page + 1) * SimulatedDisk.page)]
                    .contains { $0 != 0 }
            }
            #expect(orphans.isEmpty, "\(context): bytes in a pack to which no row refers: pages \(orphans.sorted())")
        }
    }

    private func integrity(_ service: SimulatedService) throws -> String {
        try service.catalog.readers.read { connection throws(SQLiteError) in
            try connection.text(of: "PRAGMA integrity_check")
        }
    }
}
