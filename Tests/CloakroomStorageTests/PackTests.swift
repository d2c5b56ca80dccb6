import CloakroomCrypto
import CloakroomDomain
import Foundation
import NIOCore
import Testing

import Glibc

@testable import CloakroomStorage

// One after the other: each has some 260 descriptors.
@Suite("Small bodies, many in a file", .serialized)
struct PackTests {
    private static func bytes(_ seed: Int, count: Int = 5_000) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: ($0 &+ seed) &* 31) }
    }

    private static func packs(_ fixture: Fixture) throws -> [URL] {
        try Self.packs(in: fixture.temporary)
    }

    private static func packs(in temporary: TemporaryDirectory) throws -> [URL] {
        try FileManager.default.contentsOfDirectory(
            at: URL(filePath: temporary.path + "/data/blobs/packs"), includingPropertiesForKeys: nil)
    }

    private static func length(_ url: URL) throws -> Int { try Data(contentsOf: url).count }

    /// Uploads bodies, and returns their files.
    private static func upload(
        _ bodies: [[UInt8]], _ fixture: Fixture, _ access: OrganizationAccess
    ) async throws -> [FileRecord] {
        var records: [FileRecord] = []
        for body in bodies {
            let record = try await fixture.request(body, access: access)
            _ = try await fixture.send(body, to: record, access: access)
            records.append(record)
        }
        return records
    }

    /// Uploads bodies to a server that dies, and returns what it leaves.
    private static func crash(
        after bodies: [[UInt8]], _ access: OrganizationAccess
    ) async throws -> (TemporaryDirectory, [FileRecord]) {
        let temporary = try TemporaryDirectory()
        let fixture = try Fixture(in: temporary)
        let records = try await Self.upload(bodies, fixture, access)
        try await fixture.crash()
        return (temporary, records)
    }

    /// Overwrites a byte of the first pack.
    private static func damage(_ temporary: TemporaryDirectory, at offset: UInt64) throws {
        let file = try FileHandle(forUpdating: try #require(try Self.packs(in: temporary).first))
        try file.seek(toOffset: offset)
        try file.write(contentsOf: [0xFF])
        try file.close()
    }

    @Test(arguments: [1, 8_192, 8_193, PackStore.maximumBodyLength, PackStore.maximumBodyLength + 1])
    func aBodyOfUpTo64KiBHasNoFileOfItsOwn(count: Int) async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        let body = Self.bytes(1, count: count)
        let record = try #require(try await Self.upload([body], fixture, access).first)
        let isPacked = count <= 65_536
        #expect(FileManager.default.fileExists(atPath: fixture.blobPath(record.id)) == !isPacked)
        #expect(try fixture.sqlite3("SELECT pack IS NOT NULL FROM files") == (isPacked ? "1" : "0"))
        #expect(try await fixture.bytes(of: record.id, access: access) == body)
        try await fixture.close()
    }

    @Test
    func packsFollowOneAnotherUnderConcurrentUploads() async throws {
        let temporary = try TemporaryDirectory()
        let access = try Fixture.access()
        let ids: [FileID: Int]
        do {
            let fixture = try Fixture(in: temporary)
            ids = try await withThrowingTaskGroup(of: (Int, FileID).self) { group in
                for seed in 0..<200 {
                    group.addTask {
                        let body = Self.bytes(seed, count: 1 + seed * 80)
                        let record = try await fixture.request(body, access: access)
                        _ = try await fixture.send(body, to: record, access: access)
                        return (seed, record.id)
                    }
                }
                return try await group.reduce(into: [:]) { $0[$1.1] = $1.0 }
            }
            for (id, seed) in ids {
                #expect(try await fixture.bytes(of: id, access: access) == Self.bytes(seed, count: 1 + seed * 80))
            }
            try await fixture.close()
        }
        #expect(try Self.packs(in: temporary).count > 10)
        // Each has been cut to what was used.
        for pack in try Self.packs(in: temporary) { #expect(try Self.length(pack) < Int(Fixture.packLength)) }
        let fixture = try Fixture(in: temporary)
        try await fixture.store.recover(now: Fixture.now)
        for (id, seed) in ids {
            #expect(try await fixture.bytes(of: id, access: access) == Self.bytes(seed, count: 1 + seed * 80))
        }
        try await fixture.close()
    }

    @Test
    func aPackThatWasNotEndedIsEndedAtTheNextStart() async throws {
        let access = try Fixture.access()
        let (temporary, records) = try await Self.crash(after: [Self.bytes(0), Self.bytes(1)], access)
        let pack = try #require(try Self.packs(in: temporary).first)
        #expect(try Self.length(pack) == Int(Fixture.packLength))
        let fixture = try Fixture(in: temporary)
        try await fixture.store.recover(now: Fixture.now)
        // The header's page, and two pages for each body of 5,000 bytes.
        #expect(try Self.length(pack) == 4_096 + 2 * 8_192)
        for (seed, record) in records.enumerated() {
            #expect(try await fixture.bytes(of: record.id, access: access) == Self.bytes(seed))
        }
        try await fixture.close()
    }

    @Test
    func aPowerCutThatTakesTheRowsLeavesTheFilesReady() async throws {
        let temporary = try TemporaryDirectory()
        let access = try Fixture.access()
        let record: FileRecord
        let catalog = ["", "-wal", "-shm"].map { temporary.path + "/data/catalog.sqlite" + $0 }
        do {
            let fixture = try Fixture(in: temporary)
            record = try await fixture.request(Self.bytes(1), access: access)
            // What a power cut leaves of a log that is not flushed for the seal.
            for path in catalog { try FileManager.default.copyItem(atPath: path, toPath: path + ".before") }
            _ = try await fixture.send(Self.bytes(1), to: record, access: access)
            try await fixture.crash()
        }
        for path in catalog {
            // Closing the last connection has removed the log.
            try? FileManager.default.removeItem(atPath: path)
            try FileManager.default.moveItem(atPath: path + ".before", toPath: path)
        }
        let fixture = try Fixture(in: temporary)
        #expect(try fixture.store.record(record.id, access: access, now: Fixture.now).seal == nil)
        try await fixture.store.recover(now: Fixture.now)
        let sealed = try fixture.store.record(record.id, access: access, now: Fixture.now)
        #expect(sealed.seal == .init(sha256: SHA256.hash(Self.bytes(1)), uploadedAt: Fixture.now))
        #expect(try await fixture.bytes(of: record.id, access: access) == Self.bytes(1))
        try await fixture.close()
    }

    @Test
    func aBodyThatReachedTheDiskInPartIsNotSealed() async throws {
        let access = try Fixture.access()
        let (temporary, records) = try await Self.crash(after: [Self.bytes(0), Self.bytes(1)], access)
        // As if the second had not been flushed, and its row neither.
        let pack = try #require(try Self.packs(in: temporary).first)
        try Self.damage(temporary, at: 4_096 + 8_192 + 128 + 4_999)
        let fixture = try Fixture(in: temporary)
        let reset = "UPDATE files SET sha256 = NULL, uploaded_at = NULL, pack = NULL, pack_offset = NULL"
        #expect(try fixture.sqlite3("\(reset) WHERE hex(id) = '\(Self.hexadecimal(records[1].id))'").isEmpty)
        try await fixture.store.recover(now: Fixture.now)
        #expect(try fixture.store.record(records[1].id, access: access, now: Fixture.now).seal == nil)
        #expect(try await fixture.bytes(of: records[0].id, access: access) == Self.bytes(0))
        // Its room has been given back.
        #expect(try Data(contentsOf: pack).dropFirst(4_096 + 8_192).allSatisfy { $0 == 0 })
        _ = try await fixture.send(Self.bytes(1), to: records[1], access: access)
        #expect(try await fixture.bytes(of: records[1].id, access: access) == Self.bytes(1))
        try await fixture.close()
    }

    @Test
    func anOrphanGivesWayToASlotThatSealsItsRow() async throws {
        let temporary = try TemporaryDirectory()
        let access = try Fixture.access()
        let record: FileRecord
        do {
            let fixture = try Fixture(in: temporary)
            record = try #require(try await Self.upload([Self.bytes(1)], fixture, access).first)
            try await fixture.crash()
            let reset = "UPDATE files SET sha256 = NULL, uploaded_at = NULL, pack = NULL, pack_offset = NULL"
            #expect(try fixture.sqlite3(reset).isEmpty)
            try Data(Self.bytes(2)).write(to: URL(filePath: fixture.blobPath(record.id)))
        }
        let fixture = try Fixture(in: temporary)
        try await fixture.store.recover(now: Fixture.now)
        #expect(try await fixture.bytes(of: record.id, access: access) == Self.bytes(1))
        try await fixture.close()
    }

    @Test
    func lostBytesOfAReadyFileCanBeSentAgain() async throws {
        let temporary = try TemporaryDirectory()
        let access = try Fixture.access()
        let record: FileRecord
        do {
            let fixture = try Fixture(in: temporary)
            record = try #require(try await Self.upload([Self.bytes(1)], fixture, access).first)
            try await fixture.close()
        }
        for pack in try Self.packs(in: temporary) { try FileManager.default.removeItem(at: pack) }
        let fixture = try Fixture(in: temporary)
        try await fixture.store.recover(now: Fixture.now)
        #expect(try await fixture.send(Self.bytes(1), to: record, access: access).isRepetition)
        #expect(try fixture.sqlite3("SELECT pack IS NULL FROM files") == "1")
        #expect(try await fixture.bytes(of: record.id, access: access) == Self.bytes(1))
        try await fixture.close()
    }

    @Test
    func aPackWhoseHeaderIsDamagedKeepsNobodyFromStartingOrReading() async throws {
        let access = try Fixture.access()
        let (temporary, records) = try await Self.crash(after: [Self.bytes(0), Self.bytes(1)], access)
        try Self.damage(temporary, at: 0)
        let fixture = try Fixture(in: temporary)
        try await fixture.store.recover(now: Fixture.now)
        for (seed, record) in records.enumerated() {
            #expect(try await fixture.bytes(of: record.id, access: access) == Self.bytes(seed))
        }
        try await fixture.store.delete(records[0].id, access: access, now: Fixture.now)
        #expect(try await fixture.store.sweep(now: Fixture.now) > 0)
        try await fixture.close()
    }

    @Test
    func theJournalOfAnEarlierVersionIsNotForgotten() async throws {
        let temporary = try TemporaryDirectory()
        try await Fixture(in: temporary).close()
        let journal = URL(filePath: temporary.path + "/data/blobs/journal")
        try (Data(count: 128) + Data("CLKBLOB1".utf8) + Data(count: 120)).write(to: journal)
        #expect(throws: BlobStore.OpenError.self) { try Fixture(in: temporary) }
        try Data(count: 256).write(to: journal)
        try await Fixture(in: temporary).close()
        #expect(!FileManager.default.fileExists(atPath: journal.path(percentEncoded: false)))
    }

    @Test
    func theCataloguesLogIsCopiedIntoTheDatabaseBeforeItIsLong() async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        let log = URL(filePath: fixture.directory.path(of: Catalog.fileName) + "-wal")
        // Each is a transaction of several pages.
        for _ in 0..<2_000 { _ = try await fixture.request([1], access: access) }
        #expect(try Self.length(log) < 24 * 1_024 * 1_024)
        try await fixture.catalog.makeDurable()
        #expect(try Self.length(log) == 0)
        #expect(try fixture.sqlite3("SELECT count(*) FROM files") == "2000")
        try await fixture.close()
    }

    @Test
    func numbersOfPacksIncrease() throws {
        // A clock that stands, and then steps back.
        let machine = SimulatedMachine()
        var ids: [PackID] = []
        for _ in 0..<100 { ids.append(try .next(after: ids.last, on: machine)) }
        machine.advance(seconds: -1_000_000)
        ids.append(try .next(after: ids.last, on: machine))
        #expect(ids == ids.sorted())
        #expect(Set(ids).count == 101)
        #expect(ids.allSatisfy { PackID(fileName: $0.fileName) == $0 })
    }

    private static func hexadecimal(_ id: FileID) -> String {
        id.bytes.map { String(format: "%02X", $0) }.joined()
    }

    @Test
    func aDamagedHeaderTakesNeitherItsBodyNorTheNext() async throws {
        let access = try Fixture.access()
        let (temporary, records) = try await Self.crash(after: [Self.bytes(0), Self.bytes(1)], access)
        try Self.damage(temporary, at: 4_096)
        let fixture = try Fixture(in: temporary)
        try await fixture.store.recover(now: Fixture.now)
        for (seed, record) in records.enumerated() {
            #expect(try await fixture.bytes(of: record.id, access: access) == Self.bytes(seed))
        }
        try await fixture.close()
    }

    @Test
    func aBodyCannotPassForASlot() async throws {
        let temporary = try TemporaryDirectory()
        let access = try Fixture.access()
        var victim: FileRecord?
        let packID: PackID
        do {
            let fixture = try Fixture(in: temporary)
            victim = try await Self.upload([Self.bytes(0)], fixture, access).first
            let url = try #require(try Self.packs(fixture).first)
            packID = try #require(PackID(fileName: url.lastPathComponent))
            // At the third page from the body's slot on, a slot of another file: all is right but the secret.
            let id = try #require(victim?.id)
            let offset = Int64(4_096 + 8_192 + 4_096)
            let seal = FileRecord.Seal(sha256: SHA256.hash([1]), uploadedAt: Fixture.now)
            var forged: [UInt8] = []
            PackSlotHeader(slot: PackSlot(pack: packID, offset: offset, bodyLength: 1), id: id, seal: seal)
                .append(to: &forged, secret: [UInt8](repeating: 0, count: 16))
            let body = [UInt8](repeating: 7, count: 4_096 - 128) + forged + [1]
            _ = try await Self.upload([body], fixture, access)
            try await fixture.crash()
        }
        // The slot's own header is damaged, so that its body is searched.
        try Self.damage(temporary, at: 4_096 + 8_192)
        let pack = try PackFile(opening: packID, at: try Self.directory(temporary), for: .reading)
        let bytes = try pack.readAll()
        let secret = try #require(PackFile.secret(in: bytes))
        #expect(PackStore.slots(in: packID, secret: secret, bytes).map(\.id) == [victim?.id])
    }

    private static func directory(_ temporary: TemporaryDirectory) throws -> Directory {
        try Directory(path: temporary.path + "/data/blobs/packs", system: Linux())
    }

    @Test
    func deletedBytesAreGoneFromTheDisk() async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        let records = try await Self.upload([Self.bytes(0), Self.bytes(1)], fixture, access)
        let pack = try #require(try Self.packs(fixture).first)
        #expect(try Data(contentsOf: pack).dropFirst(4_096 + 128).prefix(5_000).elementsEqual(Self.bytes(0)))
        try await fixture.store.delete(records[0].id, access: access, now: Fixture.now)
        #expect(try Data(contentsOf: pack).dropFirst(4_096).prefix(8_192).allSatisfy { $0 == 0 })
        #expect(try fixture.sqlite3("SELECT bytes_removed FROM deleted_files") == "0")
        _ = try await fixture.store.sweep(now: Fixture.now)
        #expect(try fixture.sqlite3("SELECT bytes_removed FROM deleted_files") == "1")
        #expect(try await fixture.bytes(of: records[1].id, access: access) == Self.bytes(1))
        try await fixture.close()
    }

    @Test
    func whoeverReadsADeletedBodyReadsOn() async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        // Too large to be kept in memory with its blob.
        let body = Self.bytes(0, count: 60_000)
        let record = try #require(try await Self.upload([body], fixture, access).first)
        let pack = try #require(try Self.packs(fixture).first)
        let sealed = try fixture.store.record(record.id, access: access, now: Fixture.now)
        let grant = try #require(DownloadGrant(sealed, access: access, expiresAt: Fixture.now))
        do {
            let reader = try fixture.store.reader(grant, now: Fixture.now)
            try await fixture.store.delete(record.id, access: access, now: Fixture.now)
            _ = try await fixture.store.sweep(now: Fixture.now)
            #expect(throws: StorageError.notFound) { try fixture.store.reader(grant, now: Fixture.now) }
            #expect(Array(try await reader.read(0..<60_000).readableBytesView) == body)
            #expect(try fixture.sqlite3("SELECT bytes_removed FROM deleted_files") == "0")
        }
        // Its last reader has gone.
        for _ in 0..<200 where try Data(contentsOf: pack).dropFirst(4_096).contains(where: { $0 != 0 }) {
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(try Data(contentsOf: pack).dropFirst(4_096).allSatisfy { $0 == 0 })
        #expect(try await fixture.store.sweep(now: Fixture.now) > 0)
        try await fixture.close()
    }

    @Test
    func aPackOfDeletedBodiesGoes() async throws {
        let temporary = try TemporaryDirectory()
        let access = try Fixture.access()
        let records: [FileRecord]
        do {
            let fixture = try Fixture(in: temporary)
            records = try await Self.upload([Self.bytes(0), Self.bytes(1)], fixture, access)
            try await fixture.close()
        }
        let fixture = try Fixture(in: temporary)
        try await fixture.store.delete(records[0].id, access: access, now: Fixture.now)
        _ = try await fixture.store.sweep(now: Fixture.now)
        #expect(try Self.packs(fixture).count == 1)
        try await fixture.store.delete(records[1].id, access: access, now: Fixture.now)
        _ = try await fixture.store.sweep(now: Fixture.now)
        #expect(try Self.packs(fixture).isEmpty)
        // Done again after a crash that came before it was noted.
        #expect(try fixture.sqlite3("UPDATE deleted_files SET bytes_removed = 0").isEmpty)
        #expect(try await fixture.store.sweep(now: Fixture.now) > 0)
        try await fixture.close()
    }

    @Test
    func withoutRoomForAPackSmallBodiesGetAFileEach() async throws {
        let fixture = try Fixture(packLength: 1 << 50)
        let access = try Fixture.access()
        let record = try #require(try await Self.upload([Self.bytes(0)], fixture, access).first)
        #expect(FileManager.default.fileExists(atPath: fixture.blobPath(record.id)))
        #expect(try await fixture.bytes(of: record.id, access: access) == Self.bytes(0))
        try await fixture.close()
    }

    @Test
    func aCatalogueOfTheFirstVersionIsMigrated() throws {
        let temporary = try TemporaryDirectory()
        let path = temporary.path + "/catalog.sqlite"
        do {
            let connection = try SQLiteConnection(path: path, role: .command)
            try connection.execute(CatalogSchema.migrations[0])
            try connection.execute(
                """
                PRAGMA user_version = 1;
                INSERT INTO deleted_files (id, deleted_at, forget_after) VALUES (randomblob(16), 1, 2);
                """)
        }
        let connection = try SQLiteConnection(path: path, role: .command)
        try CatalogSchema.migrate(connection)
        #expect(try connection.text(of: "PRAGMA user_version") == "4")
        #expect(try connection.text(of: "SELECT count(*) FROM deleted_files WHERE pack IS NULL") == "1")
        #expect(try connection.text(of: "PRAGMA integrity_check") == "ok")
    }
}
