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

/// Deleted bodies, whose room is given back.
extension PackTests {
    @Test
    func deletedBytesAreGoneFromTheDisk() async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        let records = try await Self.upload([Self.bytes(0), Self.bytes(1)], fixture, access)
        let pack = try #require(try Self.packs(fixture).first)
        #expect(try Data(contentsOf: pack).dropFirst(4_096 + 128).prefix(5_000).elementsEqual(Self.bytes(0)))
        try await fixture.storage.deletions.delete(records[0].id, access: access, now: Fixture.now)
        #expect(try Data(contentsOf: pack).dropFirst(4_096).prefix(8_192).allSatisfy { $0 == 0 })
        #expect(try fixture.sqlite3("SELECT bytes_removed FROM deleted_files") == "0")
        _ = try await fixture.storage.retention.sweep(now: Fixture.now)
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
            try await fixture.storage.deletions.delete(record.id, access: access, now: Fixture.now)
            _ = try await fixture.storage.retention.sweep(now: Fixture.now)
            #expect(throws: StorageError.notFound) { try fixture.store.reader(grant, now: Fixture.now) }
            #expect(Array(try await reader.read(0..<60_000).readableBytesView) == body)
            #expect(try fixture.sqlite3("SELECT bytes_removed FROM deleted_files") == "0")
        }
        // Its last reader has gone.
        for _ in 0..<200 where try Data(contentsOf: pack).dropFirst(4_096).contains(where: { $0 != 0 }) {
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(try Data(contentsOf: pack).dropFirst(4_096).allSatisfy { $0 == 0 })
        #expect(try await fixture.storage.retention.sweep(now: Fixture.now) > 0)
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
        try await fixture.storage.deletions.delete(records[0].id, access: access, now: Fixture.now)
        _ = try await fixture.storage.retention.sweep(now: Fixture.now)
        #expect(try Self.packs(fixture).count == 1)
        try await fixture.storage.deletions.delete(records[1].id, access: access, now: Fixture.now)
        _ = try await fixture.storage.retention.sweep(now: Fixture.now)
        #expect(try Self.packs(fixture).isEmpty)
        // Done again after a crash that came before it was noted.
        #expect(try fixture.sqlite3("UPDATE deleted_files SET bytes_removed = 0").isEmpty)
        #expect(try await fixture.storage.retention.sweep(now: Fixture.now) > 0)
        try await fixture.close()
    }
}
