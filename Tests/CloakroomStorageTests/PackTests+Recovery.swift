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

/// What a start makes of packs and rows that a crash left.
extension PackTests {
    @Test
    func aPackThatWasNotEndedIsEndedAtTheNextStart() async throws {
        let access = try Fixture.access()
        let (temporary, records) = try await Self.crash(after: [Self.bytes(0), Self.bytes(1)], access)
        let pack = try #require(try Self.packs(in: temporary).first)
        #expect(try Self.length(pack) == Int(Fixture.packLength))
        let fixture = try Fixture(in: temporary)
        try await fixture.recovery.run(now: Fixture.now)
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
        try await fixture.recovery.run(now: Fixture.now)
        let sealed = try fixture.store.record(record.id, access: access, now: Fixture.now)
        // hashlib.sha256(bytes((i + 1) * 31 & 255 for i in range(5000)))
        let digest = try #require(
            SHA256Digest(hexadecimal: "693f47051a8819b21d75947874483590c748a3187c92d60027d2c5b3ef638c41"))
        #expect(sealed.seal == .init(sha256: digest, uploadedAt: Fixture.now))
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
        let reset = "UPDATE files SET sha256 = NULL, uploaded_at = NULL, locator = NULL"
        #expect(try fixture.sqlite3("\(reset) WHERE hex(id) = '\(Self.hexadecimal(records[1].id))'").isEmpty)
        try await fixture.recovery.run(now: Fixture.now)
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
            let reset = "UPDATE files SET sha256 = NULL, uploaded_at = NULL, locator = NULL"
            #expect(try fixture.sqlite3(reset).isEmpty)
            try Data(Self.bytes(2)).write(to: URL(filePath: fixture.blobPath(record.id)))
        }
        let fixture = try Fixture(in: temporary)
        try await fixture.recovery.run(now: Fixture.now)
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
        try await fixture.recovery.run(now: Fixture.now)
        #expect(try await fixture.send(Self.bytes(1), to: record, access: access).isRepetition)
        #expect(try fixture.sqlite3("SELECT locator IS NULL FROM files") == "1")
        #expect(try await fixture.bytes(of: record.id, access: access) == Self.bytes(1))
        try await fixture.close()
    }

    private static func hexadecimal(_ id: FileID) -> String {
        id.bytes.map { String(format: "%02X", $0) }.joined()
    }
}
