import CloakroomCrypto
import CloakroomDomain
import Foundation
import NIOCore
import Testing

@testable import CloakroomStorage

// One after the other, as the packs are: each has some 260 descriptors.
@Suite("Files that end", .serialized)
struct RetentionTests {
    /// A body for a pack, and one that gets a file of its own.
    static let sizes = [5_000, 100_000]

    private static func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ 7) }
    }

    private static func lifetime(_ seconds: Int64) throws -> FileLifetime {
        try #require(FileLifetime(seconds: seconds))
    }

    private static func after(_ seconds: Int64) -> Timestamp { Fixture.now.advanced(bySeconds: seconds) }

    /// Whether a body is in any file of the store.
    private static func isOnDisk(_ body: [UInt8], _ fixture: Fixture) throws -> Bool {
        let root = fixture.directory.path + "/blobs"
        return try FileManager.default.subpathsOfDirectory(atPath: root).contains { path in
            FileManager.default.contents(atPath: "\(root)/\(path)")?.range(of: Data(body)) != nil
        }
    }

    /// Uploads in one request.
    private func store(
        _ bytes: [UInt8], _ fixture: Fixture, access: OrganizationAccess, lifetime: FileLifetime? = nil,
        after seconds: Int64 = 0, key: IdempotencyKey? = nil
    ) async throws -> FileRecord {
        let staged = try fixture.store.stageNew(access: access, maximumSize: .defaultMaximumFileSize, checksums: [])
        return try await fixture.store.sealNew(
            staged, last: [ByteBuffer(bytes: bytes)], filename: try Filename("a.png"),
            mediaType: try #require(MediaType("image/png")), access: access, fileLifetime: lifetime,
            now: Self.after(seconds), key: key)
    }

    /// A ready file that ends after 60 seconds.
    private func readyFile(_ body: [UInt8], _ fixture: Fixture, access: OrganizationAccess) async throws -> FileRecord {
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
        #expect(try await fixture.store.list(query, access: access, now: last).files == [file])
        #expect(try await fixture.store.readyRecords([file.id], access: access, now: last) == [file])
        #expect(try fixture.store.readyRecord(file.id, access: access, now: last) == file)
        let grant = try #require(DownloadGrant(file, access: access, expiresAt: Self.after(3_600)))
        #expect(grant.expiresAt == Self.after(60))
        #expect(try fixture.store.open(grant, now: last).size.bytes == Int64(size))
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
        #expect(try await fixture.store.readyRecords([file.id], access: access, now: Self.after(59)).count == 1)
        _ = try fixture.store.open(read, now: Self.after(59))

        let end = Self.after(60)
        #expect(throws: StorageError.notFound) { try fixture.store.record(file.id, access: access, now: end) }
        #expect(throws: StorageError.notFound) { try fixture.store.readyRecord(file.id, access: access, now: end) }
        #expect(try await fixture.store.readyRecords([file.id], access: access, now: end).isEmpty)
        for status in [nil, .ready, .pending] as [FileQuery.Status?] {
            let query = FileQuery(cursor: nil, status: status, mediaRange: nil)
            #expect(try await fixture.store.list(query, access: access, now: end).files.isEmpty)
        }
        #expect(throws: StorageError.notFound) { try fixture.store.open(read, now: end) }
        // As if it had not been opened before.
        fixture.blobs.forgetOpen(file.id)
        #expect(throws: StorageError.notFound) { try fixture.store.open(read, now: end) }
        #expect(throws: StorageError.notFound) { try fixture.store.record(write, now: end) }
        #expect(try fixture.store.declarationForVerification(file.id, now: end) == nil)
        await #expect(throws: StorageError.notFound) {
            try await fixture.store.delete(file.id, access: access, now: end)
        }
        await #expect(throws: StorageError.notFound) {
            try await fixture.store.renewUpload(file.id, access: access, lifetimeSeconds: 60, now: end)
        }
        await #expect(throws: StorageError.notFound) {
            try await fixture.store.revokeURLs(of: file.id, access: access, requestedAt: end, now: end)
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
            try await fixture.store.renewUpload(file.id, access: access, lifetimeSeconds: 60, now: end)
        }
        let renewed = try await fixture.store.renewUpload(
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
        #expect(try fixture.sqlite3("SELECT count(*), count(sha256), count(pack) FROM files") == "1|0|0")
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
        #expect(try fixture.catalog.placement(large.id) == .init(slot: nil, expiresAt: nil))
        #expect(try fixture.catalog.placement(pending.id) == nil)
        #expect(try fixture.catalog.placement(try fixture.store.ids.next()) == nil)
        try await fixture.close()
    }

    // MARK: Which end counts

    /// A file's own life, that of its organization's files, and which counts, in seconds.
    struct Lives: CustomTestStringConvertible, Sendable {
        let own: Int64?
        let organization: Int64?
        let expected: Int64?

        var testDescription: String {
            [self.own, self.organization].map { $0.map { "\($0)" } ?? "none" }.joined(separator: ", ")
        }
    }

    static let lives = [
        Lives(own: nil, organization: nil, expected: nil),
        Lives(own: 60, organization: nil, expected: 60),
        Lives(own: nil, organization: 600, expected: 600),
        Lives(own: 60, organization: 600, expected: 60),
        Lives(own: 600, organization: 600, expected: 600),
        Lives(own: 3_600, organization: 600, expected: 600),
    ]

    @Test(arguments: Self.lives)
    func theShorterLifeCounts(_ example: Lives) async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        let own = try example.own.map { try Self.lifetime($0) }
        let limit = try example.organization.map { try Self.lifetime($0) }
        try await Organizations(catalog: fixture.catalog).changeQuota(of: access.organization, now: Fixture.now) {
            $0.fileLifetime = limit
        }
        var files = [try await fixture.request([1], access: access, fileLifetime: own)]
        for size in Self.sizes {
            for key in [nil, IdempotencyKey("\(size)")] {
                files.append(try await self.store(Self.bytes(size), fixture, access: access, lifetime: own, key: key))
            }
        }
        let end = example.expected.map { Self.after($0) }
        for file in files {
            #expect(file.expiresAt == end)
            #expect(try fixture.store.record(file.id, access: access, now: Fixture.now) == file)
        }
        let row = end.map { "\($0.secondsSinceEpoch)" } ?? ""
        #expect(try fixture.sqlite3("SELECT DISTINCT expires_at FROM files") == row)
        try await fixture.close()
    }

    @Test
    func lifeOfAnOrganizationsFilesIsThatOfLaterOnes() async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        let organizations = Organizations(catalog: fixture.catalog)
        let limit = try Self.lifetime(600)
        let change = { (lifetime: FileLifetime?) in
            try await organizations.changeQuota(of: access.organization, now: Fixture.now) {
                $0.fileLifetime = lifetime
            }
        }
        var ids = [try await fixture.request([1], access: access).id]
        try await change(limit)
        #expect(try organizations.list().map(\.quota) == [Quota(fileLifetime: limit)])
        ids.append(try await fixture.request([1], access: access).id)
        // Another part of the quota leaves it alone.
        try await organizations.changeQuota(of: access.organization, now: Fixture.now) { $0.maximumFiles = 9 }
        #expect(try organizations.list().map(\.quota) == [Quota(maximumFiles: 9, fileLifetime: limit)])
        ids.append(try await fixture.request([1], access: access).id)
        try await change(nil)
        ids.append(try await fixture.request([1], access: access).id)
        let ends = try ids.map { try fixture.store.record($0, access: access, now: Fixture.now).expiresAt }
        #expect(ends == [nil, Self.after(600), Self.after(600), nil])
        let other = try await fixture.request([1], access: try Fixture.access("other"))
        #expect(other.expiresAt == nil)
        try await fixture.close()
    }

    // MARK: Repeated requests

    @Test(arguments: [false, true])
    func repeatedDeclarationGivesTheEarlierFilesEnd(sweeps: Bool) async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        let key = try #require(IdempotencyKey("k"))
        let request = { (seconds: Int64, life: Int64?) in
            try await fixture.store.requestUpload(
                try Fixture.declaration(size: 1), access: access, lifetimeSeconds: 3_600,
                fileLifetime: try life.map { try Self.lifetime($0) }, now: Self.after(seconds), key: key)
        }
        let first = try await request(0, 60)
        #expect(try await request(30, 60) == fixture.store.record(first.id, access: access, now: Self.after(30)))
        #expect(try await request(30, 60).expiresAt == Self.after(60))
        for life in [nil, 61] as [Int64?] {
            await #expect(throws: StorageError.idempotencyKeyReused) { try await request(30, life) }
        }
        if sweeps { #expect(try await fixture.store.sweep(now: Self.after(60)) > 0) }
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
        #expect(try await fixture.store.sweep(now: Self.after(60)) > 0)
        await #expect(throws: StorageError.notFound) { try await upload(60) }
        try await fixture.close()
    }

    // MARK: The sweep

    @Test(arguments: Self.sizes)
    func sweepRemovesWhatHasEnded(size: Int) async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        let body = Self.bytes(size)
        let file = try await self.readyFile(body, fixture, access: access)
        let kept = try await self.store([1, 2, 3], fixture, access: access)
        // Kept open, as a blob that has been read is; and the row is kept, too.
        #expect(try await fixture.bytes(of: file.id, access: access) == body)
        _ = try await fixture.store.readyRecords([file.id], access: access, now: Fixture.now)
        #expect(try await fixture.store.sweep(now: Self.after(59)) == 0)
        #expect(try Self.isOnDisk(body, fixture))

        #expect(try await fixture.store.sweep(now: Self.after(60)) > 0)
        #expect(try !Self.isOnDisk(body, fixture))
        #expect(fixture.store.readyFiles.find([file.id]).files.isEmpty)
        #expect(try fixture.sqlite3("SELECT bytes_removed FROM deleted_files") == "1")
        #expect(try Organizations(catalog: fixture.catalog).list().map(\.usage) == [.init(files: 1, bytes: 3)])
        #expect(throws: StorageError.notFound) {
            try fixture.store.record(file.id, access: access, now: Fixture.now)
        }
        #expect(try await fixture.bytes(of: kept.id, access: access) == [1, 2, 3])
        while try await fixture.store.sweep(now: Self.after(7_300)) > 0 {}
        #expect(try fixture.sqlite3("SELECT count(*) FROM deleted_files") == "0")
        try await fixture.close()
    }

    @Test
    func sweepDropsAPendingFileThatHasEnded() async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        let file = try await fixture.request([1], access: access, fileLifetime: try Self.lifetime(60))
        #expect(try await fixture.store.sweep(now: Self.after(60)) > 0)
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
            _ = try await fixture.store.sweep(now: Self.after(1))
            #expect(try fixture.sqlite3("SELECT count(*) FROM files") == left)
        }
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
            let reset = "UPDATE files SET sha256 = NULL, uploaded_at = NULL, pack = NULL, pack_offset = NULL"
            #expect(try fixture.sqlite3(reset).isEmpty)
        }
        let fixture = try Fixture(in: temporary)
        let end = Self.after(60)
        try await fixture.store.recover(now: end)
        #expect(throws: StorageError.notFound) { try fixture.store.record(file.id, access: access, now: end) }
        #expect(try fixture.store.record(file.id, access: access, now: Self.after(59)) == file)
        #expect(try await fixture.store.sweep(now: end) > 0)
        #expect(try !Self.isOnDisk(body, fixture))
        try await fixture.close()
    }
}
