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

/// Files that end, which nothing finds from then on.
// One after the other, as the packs are: each has some 260 descriptors.
@Suite("Files that end", .serialized)
struct RetentionTests {
    /// A body for a pack, and one that gets a file of its own.
    static let sizes = [5_000, 100_000]

    static func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ 7) }
    }

    static func lifetime(_ seconds: Int64) throws -> FileLifetime {
        try #require(FileLifetime(seconds: seconds))
    }

    static func after(_ seconds: Int64) -> Timestamp { Fixture.now.advanced(bySeconds: seconds) }

    /// Whether a body is in any file of the store.
    static func isOnDisk(_ body: [UInt8], _ fixture: Fixture) throws -> Bool {
        let root = fixture.directory.path + "/blobs"
        return try FileManager.default.subpathsOfDirectory(atPath: root).contains { path in
            FileManager.default.contents(atPath: "\(root)/\(path)")?.range(of: Data(body)) != nil
        }
    }

    /// Uploads in one request.
    func store(
        _ bytes: [UInt8], _ fixture: Fixture, access: OrganizationAccess, lifetime: FileLifetime? = nil,
        after seconds: Int64 = 0, key: IdempotencyKey? = nil
    ) async throws -> FileRecord {
        let staged = try await fixture.storage.directUploads.begin(
            access: access, maximumSize: .defaultMaximumFileSize, key: key, checksums: [])
        return try await fixture.storage.directUploads.publish(
            staged, last: [ByteBuffer(bytes: bytes)], filename: try Filename("a.png"),
            mediaType: try #require(MediaType("image/png")), fileLifetime: lifetime,
            now: Self.after(seconds))
    }

    /// A ready file that ends after 60 seconds.
    func readyFile(_ body: [UInt8], _ fixture: Fixture, access: OrganizationAccess) async throws -> FileRecord {
        let record = try await fixture.request(body, access: access, fileLifetime: try Self.lifetime(60))
        _ = try await fixture.send(body, to: record, access: access)
        return try fixture.store.record(record.id, access: access, now: Self.after(59))
    }

    // MARK: By time

    @Test(arguments: Self.sizes)
    func readyFileIsThereUntilItsEnd(size: Int) async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        let file = try await self.readyFile(Self.bytes(size), fixture, access: access)
        #expect(file.expiresAt == Self.after(60))
        let last = Self.after(59)
        let query = FileQuery(cursor: nil, status: .ready, mediaRange: nil)
        #expect(try await fixture.storage.files.list(query, access: access, now: last).files == [file])
        #expect(try await fixture.storage.files.findReady([file.id], access: access, now: last) == [file])
        #expect(try await fixture.storage.files.findReady(file.id, access: access, now: last) == file)
        let grant = try #require(DownloadGrant(file, access: access, expiresAt: Self.after(3_600)))
        #expect(grant.expiresAt == Self.after(60))
        #expect(try fixture.store.open(grant, now: last).placement.size.bytes == Int64(size))
        try await fixture.close()
    }

    @Test(arguments: Self.sizes)
    func fromItsEndOnNothingFindsAReadyFile(size: Int) async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        let file = try await self.readyFile(Self.bytes(size), fixture, access: access)
        let read = try #require(DownloadGrant(file, access: access, expiresAt: Self.after(3_600)))
        let write = try #require(UploadGrant(file, access: access))
        // Now its row and its open blob are in memory.
        #expect(try await fixture.storage.files.findReady([file.id], access: access, now: Self.after(59)).count == 1)
        _ = try fixture.store.open(read, now: Self.after(59))

        let end = Self.after(60)
        #expect(throws: StorageError.notFound) { try fixture.store.record(file.id, access: access, now: end) }
        await #expect(throws: StorageError.notFound) {
            try await fixture.storage.files.findReady(file.id, access: access, now: end)
        }
        #expect(try await fixture.storage.files.findReady([file.id], access: access, now: end).isEmpty)
        for status in [nil, .ready, .pending] as [FileQuery.Status?] {
            let query = FileQuery(cursor: nil, status: status, mediaRange: nil)
            #expect(try await fixture.storage.files.list(query, access: access, now: end).files.isEmpty)
        }
        #expect(throws: StorageError.notFound) { try fixture.store.open(read, now: end) }
        // As if it had not been opened before.
        fixture.shared.openBlobs.forget(file.id)
        #expect(throws: StorageError.notFound) { try fixture.store.open(read, now: end) }
        #expect(throws: StorageError.notFound) { try fixture.store.record(write, now: end) }
        #expect(try fixture.store.declarationForVerification(file.id, now: end) == nil)
        await #expect(throws: StorageError.notFound) {
            try await fixture.storage.deletions.delete(file.id, access: access, now: end)
        }
        await #expect(throws: StorageError.notFound) {
            try await fixture.storage.uploads.renew(file.id, access: access, lifetimeSeconds: 60, now: end)
        }
        await #expect(throws: StorageError.notFound) {
            try await fixture.storage.revocations.revoke(file.id, access: access, requestedAt: end, now: end)
        }
        // No sweep has been there.
        #expect(try fixture.sqlite3("SELECT count(sha256) FROM files") == "1")
        try await fixture.close()
    }

    @Test
    func fromItsEndOnAPendingFileIsNotFound() async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        let file = try await fixture.request([1], access: access, fileLifetime: try Self.lifetime(60))
        let grant = try #require(UploadGrant(file, access: access))
        let end = Self.after(60)
        // From the rows that were inserted a moment ago, then from the catalogue.
        for _ in 0..<2 {
            #expect(throws: StorageError.notFound) { try fixture.store.record(grant, now: end) }
        }
        #expect(throws: StorageError.notFound) { try fixture.store.record(file.id, access: access, now: end) }
        await #expect(throws: StorageError.notFound) {
            try await fixture.storage.uploads.renew(file.id, access: access, lifetimeSeconds: 60, now: end)
        }
        let renewed = try await fixture.storage.uploads.renew(
            file.id, access: access, lifetimeSeconds: 7_200, now: Self.after(59))
        #expect(renewed.expiresAt == end)
        try await fixture.close()
    }

    @Test(arguments: Self.sizes)
    func uploadThatLastsPastTheEndLeavesNothing(size: Int) async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        let body = Self.bytes(size)
        let late = try await fixture.request(body, access: access, fileLifetime: try Self.lifetime(60))
        await #expect(throws: StorageError.notFound) {
            try await fixture.send(body, to: late, access: access, sealedAt: Self.after(60))
        }
        #expect(try !Self.isOnDisk(body, fixture))
        #expect(try fixture.sqlite3("SELECT count(*), count(sha256), count(locator) FROM files") == "1|0|0")
        let inTime = try await fixture.request(body, access: access, fileLifetime: try Self.lifetime(60))
        _ = try await fixture.send(body, to: inTime, access: access, sealedAt: Self.after(59))
        #expect(try Self.isOnDisk(body, fixture))
        try await fixture.close()
    }

    @Test(arguments: Self.sizes)
    func repeatedUploadThatLastsPastTheEndIsNotFound(size: Int) async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        let body = Self.bytes(size)
        let file = try await self.readyFile(body, fixture, access: access)
        #expect(try await fixture.send(body, to: file, access: access, sealedAt: Self.after(59)).isRepetition)
        await #expect(throws: StorageError.notFound) {
            try await fixture.send(body, to: file, access: access, sealedAt: Self.after(60))
        }
        try await fixture.close()
    }

    @Test
    func placementIsAReadyFilesAlone() async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        let packed = try await self.readyFile(Self.bytes(5_000), fixture, access: access)
        let large = try await self.store(Self.bytes(100_000), fixture, access: access)
        let pending = try await fixture.request([1], access: access)
        #expect(try fixture.catalog.placement(packed.id)?.slot == fixture.catalog.slot(packed.id))
        #expect(try fixture.catalog.placement(packed.id)?.slot?.bodyLength == 5_000)
        #expect(try fixture.catalog.placement(packed.id)?.expiresAt == Self.after(60))
        let own = try #require(try fixture.catalog.placement(large.id))
        #expect(own.slot == nil)
        #expect(own.size == ByteCount(inMemory: 100_000))
        #expect(own.expiresAt == nil)
        #expect(own.representation.contentType == large.declaration.mediaType.text)
        #expect(own.representation.uploadedAt == large.seal?.uploadedAt)
        #expect(try fixture.catalog.placement(pending.id) == nil)
        #expect(try fixture.catalog.placement(try fixture.nextID()) == nil)
        try await fixture.close()
    }
}
