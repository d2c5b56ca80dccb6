import CloakroomCrypto
import CloakroomDomain
import Foundation
import NIOCore
import Testing

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

/// Repeated requests for files that end.
extension RetentionTests {
    @Test(arguments: [false, true])
    func repeatedDeclarationGivesTheEarlierFilesEnd(sweeps: Bool) async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        let key = try #require(IdempotencyKey("k"))
        let request = { (seconds: Int64, life: Int64?) in
            try await fixture.storage.uploads.request(
                try Fixture.declaration(size: 1), access: access, lifetimeSeconds: 3_600,
                fileLifetime: try life.map { try Self.lifetime($0) }, now: Self.after(seconds), key: key)
        }
        let first = try await request(0, 60)
        #expect(try await request(30, 60) == fixture.store.record(first.id, access: access, now: Self.after(30)))
        #expect(try await request(30, 60).expiresAt == Self.after(60))
        for life in [nil, 61] as [Int64?] {
            await #expect(throws: StorageError.idempotencyKeyReused) { try await request(30, life) }
        }
        if sweeps { #expect(try await fixture.storage.retention.sweep(now: Self.after(60)) > 0) }
        // As with a deleted file: the same id, and a URL that leads nowhere.
        let again = try await request(60, 60)
        #expect(again.id == first.id)
        let grant = try #require(UploadGrant(again, access: access))
        #expect(throws: StorageError.notFound) { try fixture.store.record(grant, now: Self.after(60)) }
        try await fixture.close()
    }

    @Test(arguments: Self.sizes)
    func repeatedUploadOfAFileThatHasEndedIsNotFound(size: Int) async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        let key = try #require(IdempotencyKey("k"))
        let life = try Self.lifetime(60)
        let body = Self.bytes(size)
        let upload = { (seconds: Int64) in
            try await self.store(body, fixture, access: access, lifetime: life, after: seconds, key: key)
        }
        let first = try await upload(0)
        #expect(try await upload(59) == first)
        await #expect(throws: StorageError.notFound) { try await upload(60) }
        await #expect(throws: StorageError.idempotencyKeyReused) {
            try await self.store(body, fixture, access: access, after: 60, key: key)
        }
        #expect(try await fixture.storage.retention.sweep(now: Self.after(60)) > 0)
        await #expect(throws: StorageError.notFound) { try await upload(60) }
        try await fixture.close()
    }
}
