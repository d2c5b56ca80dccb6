import CloakroomCrypto
import CloakroomDomain
import Foundation
import NIOCore
import NIOPosix
import Testing

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

/// The sweep, and what a crash left for it.
extension RetentionTests {
    @Test(arguments: Self.sizes)
    func sweepRemovesWhatHasEnded(size: Int) async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        let body = Self.bytes(size)
        let file = try await self.readyFile(body, fixture, access: access)
        let kept = try await self.store([1, 2, 3], fixture, access: access)
        // Kept open, as a blob that has been read is; and the row is kept, too.
        #expect(try await fixture.bytes(of: file.id, access: access) == body)
        _ = try await fixture.storage.files.findReady([file.id], access: access, now: Fixture.now)
        #expect(try await fixture.storage.retention.sweep(now: Self.after(59)) == 0)
        #expect(try Self.isOnDisk(body, fixture))

        #expect(try await fixture.storage.retention.sweep(now: Self.after(60)) > 0)
        #expect(try !Self.isOnDisk(body, fixture))
        #expect(fixture.shared.caches.ready.find([file.id]).files.isEmpty)
        #expect(try fixture.sqlite3("SELECT bytes_removed FROM deleted_files") == "1")
        #expect(try await fixture.storage.organizations.list().map(\.usage) == [.init(files: 1, bytes: 3)])
        #expect(throws: StorageError.notFound) {
            try fixture.store.record(file.id, access: access, now: Fixture.now)
        }
        #expect(try await fixture.bytes(of: kept.id, access: access) == [1, 2, 3])
        while try await fixture.storage.retention.sweep(now: Self.after(7_300)) > 0 {}
        #expect(try fixture.sqlite3("SELECT count(*) FROM deleted_files") == "0")
        try await fixture.close()
    }

    @Test
    func sweepDropsAPendingFileThatHasEnded() async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        let file = try await fixture.request([1], access: access, fileLifetime: try Self.lifetime(60))
        #expect(try await fixture.storage.retention.sweep(now: Self.after(60)) > 0)
        #expect(try fixture.sqlite3("SELECT count(*) FROM files") == "0")
        let grant = try #require(UploadGrant(file, access: access))
        #expect(throws: StorageError.notFound) { try fixture.store.record(grant, now: Fixture.now) }
        try await fixture.close()
    }

    @Test
    func stepOfASweepIsBounded() async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        let life = try Self.lifetime(1)
        try await withThrowingDiscardingTaskGroup { group in
            for _ in 0..<300 {
                group.addTask { _ = try await fixture.request([1], access: access, fileLifetime: life) }
            }
        }
        for left in ["44", "0"] {
            _ = try await fixture.storage.retention.sweep(now: Self.after(1))
            #expect(try fixture.sqlite3("SELECT count(*) FROM files") == left)
        }
        try await fixture.close()
    }

    @Test
    func filesThatResistHoldUpNoOthers() async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        // A directory resists: it is no file. More of them than a step of the sweep takes.
        for number in 0...Retention.batch {
            let file = try await fixture.request([1], access: access)
            let path = fixture.blobPath(file.id)
            if number < Retention.batch {
                try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
            } else {
                try Data([1]).write(to: URL(filePath: path))
            }
            // The row is gone, the process dies before the bytes are.
            #expect(try await fixture.catalog.delete(file.id, of: access.organization, now: Fixture.now) != nil)
        }
        while try await fixture.storage.retention.sweep(now: Fixture.now) > 0 {}
        #expect(try fixture.sqlite3("SELECT sum(bytes_removed), count(*) FROM deleted_files") == "1|257")
        try await fixture.close()
    }

    /// A statement that is left open would keep the writer from checkpoints, and from writing after somebody else.
    @Test(arguments: [true, false])
    func aStepOfASweepLeavesNoSnapshot(isExpiry: Bool) async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        for _ in 0...Retention.batch {
            _ = try await fixture.request(
                [1], access: access, fileLifetime: isExpiry ? try Self.lifetime(60) : nil)
        }
        let later = isExpiry ? Self.after(60) : Self.after(86_400)
        _ = try await fixture.storage.retention.sweep(now: later)
        #expect(try fixture.sqlite3("SELECT count(*) FROM files") == "1")
        try await fixture.catalog.makeDurable()

        for _ in 0..<Retention.batch {
            _ = try await fixture.request(
                [1], access: access, fileLifetime: isExpiry ? try Self.lifetime(60) : nil)
        }
        _ = try await fixture.storage.retention.sweep(now: later)
        let directory = try DataDirectory(path: fixture.directory.path, creates: false, exclusively: false)
        let command = try Catalog(directory: directory, owner: .command, health: fixture.health)
        try await command.checkWritable()
        try await command.shutDown()
        try await fixture.catalog.checkWritable()
        try await fixture.close()
    }

    /// However many there are: more than a step of the sweep takes.
    @Test(arguments: [1_000, 100_000])
    func filesWhoseUploadIsUnderWayAreLeftAlone(size: Int) async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        let body = [UInt8](repeating: 7, count: size)
        var (files, uploads) = ([FileRecord](), [StagedUpload]())
        for _ in 0...Retention.batch {
            let file = try await fixture.request(body, access: access)
            let grant = try #require(UploadGrant(file, access: access))
            uploads.append(try fixture.store.stage(grant))
            files.append(file)
        }
        let abandoned = try await fixture.request(body, access: access)
        let later = Self.after(86_400)
        while try await fixture.storage.retention.sweep(now: later) > 0 {}
        #expect(try fixture.catalog.file(abandoned.id) == nil)
        #expect(try fixture.sqlite3("SELECT count(*) FROM files") == "\(files.count)")

        // One comes to its end a day later, and the others are cut off.
        let last = uploads.removeLast()
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        let sealed = last.publish(last: ByteBuffer(bytes: body), trailing: [], now: later, on: eventLoop)
        #expect(try await sealed.get().isRepetition == false)
        uploads = []
        while try await fixture.storage.retention.sweep(now: later) > 0 {}
        #expect(try fixture.sqlite3("SELECT count(*) FROM files") == "1")
        try await fixture.close()
    }

    @Test
    func bodyThatIsSealedAfterACrashEndsAsItWouldHave() async throws {
        let temporary = try TemporaryDirectory()
        let access = try Fixture.access()
        let body = Self.bytes(5_000)
        let file: FileRecord
        do {
            let fixture = try Fixture(in: temporary)
            file = try await self.readyFile(body, fixture, access: access)
            try await fixture.crash()
            // As a power cut leaves the row, whose seal only the pack has.
            let reset = "UPDATE files SET sha256 = NULL, uploaded_at = NULL, locator = NULL"
            #expect(try fixture.sqlite3(reset).isEmpty)
        }
        let fixture = try Fixture(in: temporary)
        let end = Self.after(60)
        try await fixture.recovery.run(now: end)
        #expect(throws: StorageError.notFound) { try fixture.store.record(file.id, access: access, now: end) }
        #expect(try fixture.store.record(file.id, access: access, now: Self.after(59)) == file)
        #expect(try await fixture.storage.retention.sweep(now: end) > 0)
        #expect(try !Self.isOnDisk(body, fixture))
        try await fixture.close()
    }
}
