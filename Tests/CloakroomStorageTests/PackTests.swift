import CloakroomCrypto
import CloakroomDomain
import Foundation
import Glibc
import NIOCore
import Testing

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

/// Packs as they are written, one after another.
// One after the other: each has some 260 descriptors.
@Suite("Small bodies, many in a file", .serialized)
struct PackTests {
    static func bytes(_ seed: Int, count: Int = 5_000) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: ($0 &+ seed) &* 31) }
    }

    static func packs(_ fixture: Fixture) throws -> [URL] {
        try Self.packs(in: fixture.temporary)
    }

    static func packs(in temporary: TemporaryDirectory) throws -> [URL] {
        try FileManager.default.contentsOfDirectory(
            at: URL(filePath: temporary.path + "/data/blobs/packs"), includingPropertiesForKeys: nil)
    }

    static func length(_ url: URL) throws -> Int { try Data(contentsOf: url).count }

    /// Uploads bodies, and returns their files.
    static func upload(
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
    static func crash(
        after bodies: [[UInt8]], _ access: OrganizationAccess
    ) async throws -> (TemporaryDirectory, [FileRecord]) {
        let temporary = try TemporaryDirectory()
        let fixture = try Fixture(in: temporary)
        let records = try await Self.upload(bodies, fixture, access)
        try await fixture.crash()
        return (temporary, records)
    }

    /// Overwrites a byte of the first pack.
    static func damage(_ temporary: TemporaryDirectory, at offset: UInt64) throws {
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
        #expect(try fixture.sqlite3("SELECT locator IS NOT NULL FROM files") == (isPacked ? "1" : "0"))
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
        try await fixture.recovery.run(now: Fixture.now)
        for (id, seed) in ids {
            #expect(try await fixture.bytes(of: id, access: access) == Self.bytes(seed, count: 1 + seed * 80))
        }
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
}
