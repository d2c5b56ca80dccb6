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

@Suite("Rows and blobs as one thing")
struct FileStoreTests {
    /// "hello world", whose SHA-256 `printf 'hello world' | openssl sha256` gives.
    static let bytes = Array("hello world".utf8)
    static let digest = "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9"

    @Test("An upload is readable once sealed, in both ways of staging", arguments: [BlobStore.Staging.unnamed, .named])
    func sealedUploadIsReadable(staging: BlobStore.Staging) async throws {
        let fixture = try Fixture(staging: staging)
        let access = try Fixture.access()
        let record = try await fixture.request(Self.bytes, access: access)
        #expect(!FileManager.default.fileExists(atPath: fixture.blobPath(record.id)))
        let sealed = try await fixture.send(Self.bytes, to: record, access: access)
        #expect(sealed.sha256.hexadecimal == Self.digest)
        #expect(!sealed.isRepetition)
        #expect(try await fixture.bytes(of: record.id, access: access) == Self.bytes)
        #expect(try fixture.sqlite3("SELECT hex(sha256) FROM files").lowercased() == Self.digest)
        // 100,000 zeros, hashed by `openssl sha256`: too many for a pack.
        let zeros = [UInt8](repeating: 0, count: 100_000)
        let large = try await fixture.request(zeros, access: access)
        let sealedLarge = try await fixture.send(zeros, to: large, access: access)
        #expect(
            sealedLarge.sha256.hexadecimal == "9192c25b734fcbadbe32dadc28089c60db0e39f90cc20ce2e5733f57261acc0c")
        #expect(FileManager.default.fileExists(atPath: fixture.blobPath(large.id)))
        #expect(try await fixture.bytes(of: large.id, access: access) == zeros)
        let leftovers = try FileManager.default.contentsOfDirectory(atPath: fixture.directory.path + "/blobs/staging")
        #expect(leftovers.isEmpty)
        try await fixture.close()
    }

    @Test func repetitionWithTheSameBytesSucceedsAndWithOthersFails() async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        let record = try await fixture.request(Self.bytes, access: access)
        _ = try await fixture.send(Self.bytes, to: record, access: access)
        #expect(try await fixture.send(Self.bytes, to: record, access: access).isRepetition)
        await #expect(throws: StorageError.alreadySealed) {
            try await fixture.send(Self.bytes.reversed(), to: record, access: access)
        }
        #expect(try await fixture.bytes(of: record.id, access: access) == Self.bytes)
        try await fixture.close()
    }

    @Test func wrongLengthAndWrongDigestLeaveThePendingFileAsItWas() async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        let declared = try #require(SHA256Digest(hexadecimal: Self.digest))
        let record = try await fixture.request(Self.bytes, access: access, sha256: declared)
        await #expect(throws: StorageError.wrongLength(expected: 11, received: 10)) {
            try await fixture.send(Self.bytes.dropLast(), to: record, access: access)
        }
        await #expect(throws: StorageError.wrongLength(expected: 11, received: 12)) {
            try await fixture.send(Self.bytes + [0], to: record, access: access)
        }
        await #expect(throws: StorageError.self) {
            try await fixture.send(Self.bytes.reversed(), to: record, access: access)
        }
        #expect(try fixture.store.record(record.id, access: access, now: Fixture.now).seal == nil)
        #expect(!FileManager.default.fileExists(atPath: fixture.blobPath(record.id)))
        _ = try await fixture.send(Self.bytes, to: record, access: access)
        try await fixture.close()
    }

    @Test func ofConcurrentUploadsOneWins() async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        let record = try await fixture.request(Self.bytes, access: access)
        let winners = await withTaskGroup(of: [UInt8]?.self) { group in
            for index in 0..<16 {
                group.addTask {
                    let bytes = [UInt8(index)] + Self.bytes.dropFirst()
                    return (try? await fixture.send(bytes, to: record, access: access)) == nil ? nil : bytes
                }
            }
            return await group.reduce(into: [[UInt8]]()) { winners, bytes in
                if let bytes { winners.append(bytes) }
            }
        }
        #expect(winners.count == 1)
        #expect(try await fixture.bytes(of: record.id, access: access) == winners.first)
        try await fixture.close()
    }

    @Test func anotherOrganizationsFileIsNotFound() async throws {
        let fixture = try Fixture()
        let (owner, other) = (try Fixture.access("owner"), try Fixture.access("other"))
        let record = try await fixture.request(Self.bytes, access: owner)
        _ = try await fixture.send(Self.bytes, to: record, access: owner)
        #expect(throws: StorageError.notFound) { try fixture.store.record(record.id, access: other, now: Fixture.now) }
        await #expect(throws: StorageError.notFound) {
            try await fixture.storage.deletions.delete(record.id, access: other, now: Fixture.now)
        }
        #expect(UploadGrant(record, access: other) == nil)
        #expect(DownloadGrant(record, access: other, expiresAt: Fixture.now) == nil)
        #expect(
            try await fixture.storage.files.list(
                .init(cursor: nil, status: nil, mediaRange: nil), access: other, now: Fixture.now
            ).files.isEmpty)
        #expect(try await fixture.bytes(of: record.id, access: owner) == Self.bytes)
        try await fixture.close()
    }

    @Test func deletionRemovesRowAndBytes() async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        let record = try await fixture.request(Self.bytes, access: access)
        _ = try await fixture.send(Self.bytes, to: record, access: access)
        let sealed = try fixture.store.record(record.id, access: access, now: Fixture.now)
        let grant = try #require(DownloadGrant(sealed, access: access, expiresAt: Fixture.now))
        let open = try fixture.store.reader(grant, now: Fixture.now)
        try await fixture.storage.deletions.delete(record.id, access: access, now: Fixture.now)
        #expect(throws: StorageError.notFound) { try fixture.store.reader(grant, now: Fixture.now) }
        #expect(!FileManager.default.fileExists(atPath: fixture.blobPath(record.id)))
        // Whoever was reading goes on.
        #expect(Array(try await open.read(0..<11).readableBytesView) == Self.bytes)
        try await fixture.close()
    }

    @Test func listingPagesAreStable() async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        var ids: [FileID] = []
        for _ in 0..<5 { ids.append(try await fixture.request([1], access: access).id) }
        let first = try await fixture.storage.files.list(
            .init(limit: 2, cursor: nil, status: .pending, mediaRange: MediaRange("image/*")), access: access,
            now: Fixture.now)
        #expect(first.files.map(\.id) == [ids[4], ids[3]])
        try await fixture.storage.deletions.delete(ids[3], access: access, now: Fixture.now)
        let second = try await fixture.storage.files.list(
            .init(limit: 9, cursor: first.nextCursor, status: nil, mediaRange: nil), access: access, now: Fixture.now)
        #expect(second.files.map(\.id) == [ids[2], ids[1], ids[0]])
        #expect(second.nextCursor == nil)
        try await fixture.close()
    }
}
