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

/// Damaged headers, and bodies that look like a slot.
extension PackTests {
    @Test
    func aPackWhoseHeaderIsDamagedKeepsNobodyFromStartingOrReading() async throws {
        let access = try Fixture.access()
        let (temporary, records) = try await Self.crash(after: [Self.bytes(0), Self.bytes(1)], access)
        try Self.damage(temporary, at: 0)
        let fixture = try Fixture(in: temporary)
        try await fixture.recovery.run(now: Fixture.now)
        for (seed, record) in records.enumerated() {
            #expect(try await fixture.bytes(of: record.id, access: access) == Self.bytes(seed))
        }
        try await fixture.storage.deletions.delete(records[0].id, access: access, now: Fixture.now)
        #expect(try await fixture.storage.retention.sweep(now: Fixture.now) > 0)
        try await fixture.close()
    }

    @Test("A damaged header takes neither its body nor the next", arguments: [UInt64(4_096), 12_288])
    func aDamagedHeaderTakesNothing(at offset: UInt64) async throws {
        let access = try Fixture.access()
        let (temporary, records) = try await Self.crash(after: [Self.bytes(0), Self.bytes(1)], access)
        try Self.damage(temporary, at: offset)
        let fixture = try Fixture(in: temporary)
        try await fixture.recovery.run(now: Fixture.now)
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
            PackSlotHeader(
                slot: PackSlot(pack: packID, offset: offset, bodyLength: 1), id: id, seal: seal,
                origin: .declared, groupOffset: offset
            )
            .append(to: &forged, secret: [UInt8](repeating: 0, count: 16))
            let body = [UInt8](repeating: 7, count: 4_096 - 128) + forged + [1]
            _ = try await Self.upload([body], fixture, access)
            try await fixture.crash()
        }
        // The slot's own header is damaged, so that its body is searched.
        try Self.damage(temporary, at: 4_096 + 8_192)
        let pack = try PackFile(opening: packID, at: try Self.directory(temporary), for: .reading)
        let bytes = try pack.readAll().bytes
        let secret = try #require(PackFile.secret(in: bytes))
        #expect(PackStore.slots(in: packID, secret: secret, bytes).map(\.id) == [victim?.id])
    }

    private static func directory(_ temporary: TemporaryDirectory) throws -> Directory {
        try Directory(path: temporary.path + "/data/blobs/packs", system: Linux())
    }
}
