import CloakroomCrypto
import CloakroomDomain
import NIOCore
import Testing

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

/// Requests that are repeated with their idempotency key.
// One after the other, as the packs are: each has some 260 descriptors.
@Suite("Idempotency keys", .serialized)
struct IdempotencyKeyTests {
    private static func key(_ text: String) throws -> IdempotencyKey { try #require(IdempotencyKey(text)) }

    /// Sizes, and what `hashlib.sha256(b"\t" * size)` gives.
    private static let digests = [
        5: "e69e434f5fc3b1b17648f5e5b96e60fc4430cb16773f3bf4cebb7f3007600944",
        100_000: "98c36ae0d23a1d9b7356e1b3875a331dcd3418e553887925c4aeb088de47804f",
    ]

    @Test(arguments: Self.digests)
    func repeatedUploadGivesTheSameFile(size: Int, digest: String) async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        let bytes = [UInt8](repeating: 9, count: size)
        let key = try Self.key("k")
        let records = try await withThrowingTaskGroup(of: FileRecord.self) { group in
            for _ in 0..<8 {
                group.addTask { try await fixture.upload(bytes, access: access, key: key) }
            }
            return try await group.reduce(into: [FileRecord]()) { $0.append($1) }
        }
        #expect(Set(records.map(\.id)).count == 1)
        #expect(records.allSatisfy { $0.seal?.sha256.hexadecimal == digest })
        #expect(try fixture.sqlite3("SELECT count(*) FROM files") == "1")
        let id = try #require(records.first).id
        #expect(try await fixture.bytes(of: id, access: access) == bytes)
        try await fixture.close()
    }

    @Test func uploadThatACrashInterruptedIsFinishedByItsRepetition() async throws {
        let temporary = try TemporaryDirectory()
        let access = try Fixture.access()
        let record: FileRecord
        do {
            let fixture = try Fixture(in: temporary)
            // The row and the key were committed, the bytes were not sealed.
            // hashlib.sha256(bytes([1, 2, 3]))
            let digest = try #require(
                SHA256Digest(hexadecimal: "039058c6f2c0cb492c533b0a4d14ef77cc0f78abccced5287d84a1a2011cfb81"))
            let declaration = try Fixture.declaration(size: 3, sha256: digest)
            record = FileRecord(
                id: try fixture.nextID(), organization: access.organization, declaration: declaration,
                createdAt: Fixture.now, uploadExpiresAt: Fixture.now, status: .pending)
            let request = IdempotentRequest(key: try Self.key("k"), operation: .uploadFile, declaration: declaration)
            #expect(try await fixture.catalog.insert(record, at: nil, request: request) == .inserted(record))
            try await fixture.crash()
        }
        let reopened = try Fixture(in: temporary)
        try await reopened.recovery.run(now: Fixture.now)
        let again = try await reopened.upload([1, 2, 3], access: access, key: try Self.key("k"))
        #expect(again.id == record.id)
        #expect(try await reopened.bytes(of: record.id, access: access) == [1, 2, 3])
        try await reopened.close()
    }

    @Test func keyOfAnotherRequestIsRefused() async throws {
        let fixture = try Fixture()
        let (acme, other) = (try Fixture.access(), try Fixture.access("other"))
        let key = try Self.key("k")
        let first = try await fixture.upload([1], access: acme, key: key)
        for (bytes, name) in [([2], "a.png"), ([1], "b.png")] as [([UInt8], String)] {
            await #expect(throws: StorageError.idempotencyKeyReused) {
                try await fixture.upload(bytes, access: acme, key: key, name: name)
            }
        }
        await #expect(throws: StorageError.idempotencyKeyReused) {
            try await fixture.storage.uploads.request(
                first.declaration, access: acme, lifetimeSeconds: 60, now: Fixture.now, key: key)
        }
        #expect(try await fixture.upload([2], access: other, key: key).id != first.id)
        try await fixture.close()
    }

    @Test(arguments: [(86_399, true), (86_400, false)] as [(Int64, Bool)])
    func keysCountForADay(age: Int64, isSame: Bool) async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        let request = { (now: Timestamp) in
            try await fixture.storage.uploads.request(
                try Fixture.declaration(size: 1), access: access, lifetimeSeconds: 604_800, now: now,
                key: try Self.key("k"))
        }
        let first = try await request(Fixture.now)
        let later = Fixture.now.advanced(bySeconds: age)
        _ = try await fixture.storage.retention.sweep(now: later)
        #expect(try fixture.sqlite3("SELECT count(*) FROM idempotency_keys") == (isSame ? "1" : "0"))
        #expect((try await request(later).id == first.id) == isSame)
        try await fixture.close()
    }

    @Test func keyOfAnAbandonedFileIsFree() async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        let request = { (now: Timestamp) in
            try await fixture.storage.uploads.request(
                try Fixture.declaration(size: 1), access: access, lifetimeSeconds: 60, now: now,
                key: try Self.key("k"))
        }
        let first = try await request(Fixture.now)
        let later = Fixture.now.advanced(bySeconds: 3_700)
        _ = try await fixture.storage.retention.sweep(now: later)
        #expect(try await request(later).id != first.id)
        try await fixture.close()
    }
}
