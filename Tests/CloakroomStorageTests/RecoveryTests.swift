import CloakroomDomain
import Foundation
import Glibc
import NIOCore
import NIOPosix
import Testing

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

@Suite("What a crash left")
struct RecoveryTests {
    static let bytes = Array("hello world".utf8)

    /// A whole blob whose row is pending: a crash between the blob's name and its row.
    private func makeOrphan(_ fixture: Fixture, _ access: OrganizationAccess) async throws -> FileRecord {
        let record = try await fixture.request(Self.bytes, access: access)
        try Data("left by a crash".utf8).write(to: URL(filePath: fixture.blobPath(record.id)))
        return record
    }

    @Test func aRetriedUploadReplacesAnOrphan() async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        let record = try await self.makeOrphan(fixture, access)
        _ = try await fixture.send(Self.bytes, to: record, access: access)
        #expect(try await fixture.bytes(of: record.id, access: access) == Self.bytes)
        try await fixture.close()
    }

    @Test func orphansOfPendingFilesAreRemovedAndSealedBlobsAreNot() async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        let orphan = try await self.makeOrphan(fixture, access)
        let sealed = try await fixture.request(Self.bytes, access: access)
        _ = try await fixture.send(Self.bytes, to: sealed, access: access)
        try await fixture.recovery.adoptBlobs()
        #expect(!FileManager.default.fileExists(atPath: fixture.blobPath(orphan.id)))
        #expect(try await fixture.bytes(of: sealed.id, access: access) == Self.bytes)
        _ = try await fixture.send(Self.bytes, to: orphan, access: access)
        try await fixture.close()
    }

    @Test func aDeletionThatACrashInterruptedIsFinishedAtTheNextStart() async throws {
        let temporary = try TemporaryDirectory()
        let access = try Fixture.access()
        var path = ""
        do {
            let fixture = try Fixture(in: temporary)
            // Too large for a pack.
            let bytes = [UInt8](repeating: 1, count: PackStore.maximumBodyLength + 1)
            let record = try await fixture.request(bytes, access: access)
            _ = try await fixture.send(bytes, to: record, access: access)
            path = fixture.blobPath(record.id)
            // The row is gone, the process dies before the bytes are.
            #expect(try await fixture.catalog.delete(record.id, of: access.organization, now: Fixture.now) != nil)
            try await fixture.close()
        }
        #expect(FileManager.default.fileExists(atPath: path))
        let fixture = try Fixture(in: temporary)
        try await fixture.recovery.run(now: Fixture.now)
        #expect(!FileManager.default.fileExists(atPath: path))
        #expect(try fixture.sqlite3("SELECT bytes_removed FROM deleted_files") == "1")
        try await fixture.close()
    }

    @Test func abandonedUploadsAreSweptAfterTheirTimeAndForgottenLater() async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        let record = try await self.makeOrphan(fixture, access)
        let end = record.uploadExpiresAt
        #expect(try await fixture.storage.retention.sweep(now: end) == 0)
        #expect(try fixture.store.record(record.id, access: access, now: Fixture.now).seal == nil)
        let later = end.advanced(bySeconds: Retention.uploadGraceSeconds + 1)
        #expect(try await fixture.storage.retention.sweep(now: later) > 0)
        #expect(throws: StorageError.notFound) { try fixture.store.record(record.id, access: access, now: Fixture.now) }
        #expect(!FileManager.default.fileExists(atPath: fixture.blobPath(record.id)))
        #expect(try fixture.sqlite3("SELECT count(*) FROM deleted_files") == "1")
        while try await fixture.storage.retention.sweep(now: later.advanced(bySeconds: 7_300)) > 0 {}
        #expect(try fixture.sqlite3("SELECT count(*) FROM deleted_files") == "0")
        try await fixture.close()
    }

    @Test func stagingIsEmptiedAtStart() async throws {
        let temporary = try TemporaryDirectory()
        try await Fixture(in: temporary).close()
        let leftover = temporary.path + "/data/blobs/staging/17"
        try Data("half".utf8).write(to: URL(filePath: leftover))
        try await Fixture(in: temporary).close()
        #expect(!FileManager.default.fileExists(atPath: leftover))
    }

    @Test func afterAFailedFlushWritesAreRefusedAndReadsGoOn() async throws {
        let machine = SimulatedMachine()
        let service = try await SimulatedService.start(on: machine)
        let (bytes, other) = (Scenario.large, Scenario.veryLarge)
        let (first, second) = (try await service.declare(bytes).id, try await service.declare(other).id)
        try await service.send(bytes, to: first)
        machine.set(.init(fault: .failure(EIO), call: 1, of: [.fsync]))
        await #expect(throws: StorageError.self) { try await service.send(other, to: second) }
        machine.set(nil)
        #expect(service.health.reasonToRejectWrites?.contains("fsync") == true)
        await #expect(throws: StorageError.self) { try await service.declare(bytes) }
        await #expect(throws: StorageError.self) { try await service.send(other, to: second) }
        #expect(try await service.bytes(of: first) == bytes)
        #expect(try await service.bytes(of: second) == nil)
        await service.end()
    }

    /// A look at a ready file's bytes that fails says nothing of them.
    @Test(arguments: [Scenario.small, Scenario.large])
    func aRepetitionWhoseLookAtTheBytesFailsKeepsThem(_ bytes: [UInt8]) async throws {
        let machine = SimulatedMachine()
        let service = try await SimulatedService.start(on: machine)
        let id = try await service.declare(bytes).id
        try await service.send(bytes, to: id)
        // As often as there are looks.
        for call in 1...4 {
            machine.set(.init(fault: .failure(EIO), call: call, of: [.read, .openat, .faccessat]))
            try? await service.send(bytes, to: id)
            machine.set(nil)
            let isThere = try await service.bytes(of: id) == bytes
            #expect(isThere, "after call \(call) failed")
        }
        await service.end()
    }

    /// Of two uploads of a file at once, the one that was acknowledged counts, also where the other's slot is newer.
    @Test func noSlotIsAddedForAFileThatHasBeenSealedMeanwhile() async throws {
        let machine = SimulatedMachine()
        let service = try await SimulatedService.start(on: machine)
        let id = try await service.declare(Scenario.small).id
        let record = try service.store.record(id, access: SimulatedService.access, now: Fixture.now)
        let grant = try #require(UploadGrant(record, access: SimulatedService.access))
        let other = Array(Scenario.small.reversed())
        // It begins while the file is pending.
        let staged = try service.store.stage(grant)
        try await service.send(Scenario.small, to: id)
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        let late = staged.publish(
            last: ByteBuffer(bytes: other), trailing: [], now: Fixture.now, on: eventLoop)
        let changes = machine.names("blobs/packs").compactMap { machine.content("blobs/packs/\($0)")?.pages.count }
        await #expect(throws: StorageError.alreadySealed) { try await late.get() }
        let after = machine.names("blobs/packs").compactMap { machine.content("blobs/packs/\($0)")?.pages.count }
        #expect(after == changes)
        await service.end()
    }
}
