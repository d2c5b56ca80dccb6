import CSQLite
import Foundation
import Glibc
import Testing

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

// One after the other, as the packs are: each has some 260 descriptors.
@Suite("History that was lost", .serialized)
struct LostHistoryTests {
    /// A store whose server has been killed; the log has what it committed.
    private static func killed(_ body: (Fixture) async throws -> Void) async throws -> TemporaryDirectory {
        let fixture = try Fixture()
        try await fixture.recovery.run(now: Fixture.now)
        try await fixture.recovery.beginRun(now: Fixture.now)
        try await body(fixture)
        try await Self.kill(fixture)
        return fixture.temporary
    }

    /// Ends a server that empties no log.
    private static func kill(_ fixture: Fixture) async throws {
        fixture.health.rejectWrites("as if it had been killed")
        try await fixture.crash()
    }

    private static func log(_ temporary: TemporaryDirectory) -> String { temporary.path + "/data/catalog.sqlite-wal" }

    private static func kept(_ temporary: TemporaryDirectory) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: temporary.path + "/data/blobs/quarantine")
            .filter { $0.hasPrefix("catalog.sqlite-wal-") }
    }

    private static func add(_ fixture: Fixture) async throws {
        let access = try Fixture.access()
        let record = try await fixture.request([1, 2, 3], access: access)
        _ = try await fixture.send([1, 2, 3], to: record, access: access)
    }

    /// A probe commits, too; the page that it writes must not be one that the database has.
    @Test(arguments: [true, false])
    func aProbeDoesNotHideAMissingLog(isMissing: Bool) async throws {
        let temporary = try await Self.killed { fixture in
            try await fixture.catalog.checkWritable()
            try await fixture.catalog.checkpoint()
            try await Self.add(fixture)
            try await fixture.catalog.checkWritable()
        }
        if isMissing {
            try FileManager.default.removeItem(atPath: Self.log(temporary))
        } else {
            try ClosedStore.flip(Self.log(temporary), at: 20)
        }
        let fixture = try Fixture(in: temporary)
        guard case .lost = fixture.catalog.examination?.outcome else {
            Issue.record("\(String(describing: fixture.catalog.examination?.outcome))")
            return
        }
        try await Self.kill(fixture)
    }

    @Test
    func startsThatFailKeepOneCopyOfALog() async throws {
        let temporary = try await Self.killed { try await Self.add($0) }
        try ClosedStore.flip(Self.log(temporary), at: 10_000)
        for _ in 0..<3 {
            let fixture = try Fixture(in: temporary)
            try await Self.kill(fixture)
        }
        let kept = try Self.kept(temporary)
        #expect(kept.count == 1)
        let path = "\(temporary.path)/data/blobs/quarantine/\(kept.first ?? "")"
        #expect(FileManager.default.contentsEqual(atPath: path, andPath: Self.log(temporary)))
    }

    @Test
    func aLogThatCannotBeKeptIsLeftAlone() async throws {
        let machine = SimulatedMachine()
        do {
            let service = try await SimulatedService.start(on: machine)
            _ = try await service.sendNew([1, 2, 3])
            service.health.rejectWrites("as if it had been killed")
            await service.end()
        }
        let log = try FileDescriptor(
            at: AT_FDCWD, "\(machine.dataPath)/catalog.sqlite-wal", flags: O_RDWR, system: machine)
        let length = Int(try log.status().size)
        let byte = try #require(try log.read(count: 1, at: 10_000).first)
        try log.writeAll([byte ^ 1], at: 10_000)
        let before = try log.read(count: length, at: 0)

        machine.set(.init(fault: .failure(ENOSPC), call: 1, of: [.write]))
        await #expect(throws: Catalog.OpenError.self) { try await SimulatedService.start(on: machine) }
        #expect(machine.hits == 1)
        #expect(machine.names("blobs/quarantine").isEmpty)
        #expect(try log.read(count: length, at: 0) == before)
        machine.set(nil)
        let later = try await SimulatedService.start(on: machine)
        #expect(try later.catalog.lostHistory()?.details.isEmpty == false)
        #expect(machine.names("blobs/quarantine").contains { $0.hasPrefix("catalog.sqlite-wal-") })
        await later.end()
    }

    @Test
    func aGenerationIsNotCountedWhileTheBlobsAreUnknown() async throws {
        let temporary = try await Self.killed { fixture in
            let generation = try fixture.sqlite3("SELECT generation FROM store")
            let identity = fixture.directory.path + "/blobs/identity"
            try FileManager.default.moveItem(atPath: identity, toPath: identity + ".away")
            // It can be opened, and not be read.
            try FileManager.default.createDirectory(atPath: identity, withIntermediateDirectories: false)
            for _ in 0..<3 {
                try await Self.add(fixture)
                await #expect(throws: StorageError.self) { try await fixture.catalog.checkpoint() }
            }
            #expect(try fixture.sqlite3("SELECT generation FROM store") == generation)
            try FileManager.default.removeItem(atPath: identity)
            try FileManager.default.moveItem(atPath: identity + ".away", toPath: identity)
            try await fixture.catalog.checkpoint()
        }
        let fixture = try Fixture(in: temporary)
        try await fixture.recovery.run(now: Fixture.now)
        try await fixture.recovery.beginRun(now: Fixture.now)
        #expect(try fixture.catalog.lostHistory() == nil)
        try await fixture.close()
    }

    @Test
    func aDatabaseBelowTwoSlashesIsReadByItself() async throws {
        let store = try await ClosedStore()
        try SQLiteConnection(path: store.dataPath + "/catalog.sqlite", role: .writer).checkpoint(
            SQLITE_CHECKPOINT_TRUNCATE)
        let path = "/" + store.dataPath + "/catalog.sqlite"
        let connection = try SQLiteConnection(path: path, role: .fileReader)
        #expect(try connection.text(of: "SELECT count(*) FROM files") == "2")
    }
}
