import CloakroomCrypto
import CloakroomDomain
import NIOCore
import Testing

@testable import CloakroomStorage

/// What the gateway's side asks of the storage: quotas, idempotency keys, revoked URLs, rows that are kept.
// One after the other, as the packs are: each has some 260 descriptors.
@Suite("Quotas, idempotency keys, revocations and kept rows", .serialized)
struct GatewayTests {
    private static func key(_ text: String) throws -> IdempotencyKey { try #require(IdempotencyKey(text)) }

    private func upload(
        _ bytes: [UInt8], _ fixture: Fixture, access: OrganizationAccess, key: IdempotencyKey? = nil,
        name: String = "a.png"
    ) async throws -> FileRecord {
        let staged = try fixture.store.stageNew(
            access: access, maximumSize: .defaultMaximumFileSize, checksums: [])
        return try await fixture.store.sealNew(
            staged, last: [ByteBuffer(bytes: bytes)], filename: try Filename(name),
            mediaType: try #require(MediaType("image/png")), access: access, now: Fixture.now, key: key)
    }

    // MARK: Usage

    @Test func usageIsWhatTheRowsAddUpTo() async throws {
        let fixture = try Fixture()
        let (acme, other) = (try Fixture.access(), try Fixture.access("other"))
        let pending = try await fixture.request([1, 2, 3], access: acme)
        let direct = try await self.upload([1, 2], fixture, access: acme)
        _ = try await self.upload([UInt8](repeating: 7, count: 100_000), fixture, access: other)
        _ = try await fixture.send([1, 2, 3], to: pending, access: acme)
        try await fixture.store.delete(direct.id, access: acme, now: Fixture.now)
        let usage = try fixture.sqlite3("SELECT id, used_files, used_bytes FROM organizations ORDER BY id")
        let sums = try fixture.sqlite3(
            "SELECT organization_id, count(*), sum(size_bytes) FROM files GROUP BY 1 ORDER BY 1")
        #expect(usage == sums)
        #expect(usage == "acme|1|3\nother|1|100000")
        try await fixture.close()
    }

    @Test func abandonedFilesGiveTheirRoomBack() async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        _ = try await fixture.request([1, 2, 3], access: access)
        _ = try await fixture.store.sweep(now: Fixture.now.advanced(bySeconds: 8_000))
        #expect(try Organizations(catalog: fixture.catalog).list().map(\.usage.files) == [0])
        try await fixture.close()
    }

    /// Makes a catalogue what version 2 of the schema was.
    static let backToVersion2 = """
        DROP TABLE scrub; DROP INDEX files_that_end; ALTER TABLE files DROP COLUMN expires_at;
        ALTER TABLE organizations DROP COLUMN expires_after_seconds;
        DROP TRIGGER files_are_counted; DROP TRIGGER files_are_discounted; DROP TABLE idempotency_keys;
        DROP INDEX files_with_revoked_urls; DROP INDEX api_keys_of_organization;
        ALTER TABLE files DROP COLUMN urls_revoked_at; ALTER TABLE api_keys DROP COLUMN expires_at;
        ALTER TABLE organizations DROP COLUMN max_files; ALTER TABLE organizations DROP COLUMN max_bytes;
        ALTER TABLE organizations DROP COLUMN used_files; ALTER TABLE organizations DROP COLUMN used_bytes;
        PRAGMA user_version = 2
        """

    @Test func catalogueOfAnOlderVersionIsCounted() async throws {
        let temporary = try TemporaryDirectory()
        let access = try Fixture.access()
        do {
            let fixture = try Fixture(in: temporary)
            for _ in 0..<3 { _ = try await fixture.request([1, 2], access: access) }
            // As version 2 left it.
            let output = try fixture.sqlite3(
                Self.backToVersion2)
            #expect(output.isEmpty)
            try await fixture.close()
        }
        let reopened = try Fixture(in: temporary)
        #expect(try Organizations(catalog: reopened.catalog).list().map(\.usage) == [.init(files: 3, bytes: 6)])
        try await reopened.close()
    }

    @Test(arguments: [1, 3, 100_000])
    func quotaIsExactAmongUploadsAtTheSameTime(size: Int) async throws {
        let fixture = try Fixture(packLength: 32 * 1_024 * 1_024)
        let access = try Fixture.access()
        let organizations = Organizations(catalog: fixture.catalog)
        try await organizations.changeQuota(of: access.organization, now: Fixture.now) {
            $0.maximumBytes = Int64(10 * size + size - 1)
        }
        let outcomes = await withTaskGroup(of: Bool.self) { group in
            for index in 0..<30 {
                group.addTask {
                    let bytes = [UInt8](repeating: 1, count: size)
                    if index.isMultiple(of: 2) {
                        return (try? await self.upload(bytes, fixture, access: access)) != nil
                    }
                    return (try? await fixture.request(bytes, access: access)) != nil
                }
            }
            return await group.reduce(into: [Bool]()) { $0.append($1) }
        }
        #expect(outcomes.count { $0 } == 10)
        #expect(try fixture.sqlite3("SELECT count(*), sum(size_bytes) FROM files") == "10|\(10 * size)")
        // What was refused left no bytes: its slot was given back.
        _ = try await fixture.store.sweep(now: Fixture.now)
        try await fixture.close()
    }

    // MARK: Idempotency keys

    @Test(arguments: [5, 100_000])
    func repeatedUploadGivesTheSameFile(size: Int) async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        let bytes = [UInt8](repeating: 9, count: size)
        let key = try Self.key("k")
        let records = try await withThrowingTaskGroup(of: FileRecord.self) { group in
            for _ in 0..<8 {
                group.addTask { try await self.upload(bytes, fixture, access: access, key: key) }
            }
            return try await group.reduce(into: [FileRecord]()) { $0.append($1) }
        }
        #expect(Set(records.map(\.id)).count == 1)
        #expect(records.allSatisfy { $0.seal?.sha256 == SHA256.hash(bytes) })
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
            let declaration = try Fixture.declaration(size: 3, sha256: SHA256.hash([1, 2, 3]))
            record = FileRecord(
                id: try fixture.store.ids.next(), organization: access.organization, declaration: declaration,
                createdAt: Fixture.now, uploadExpiresAt: Fixture.now, status: .pending)
            let request = IdempotentRequest(key: try Self.key("k"), operation: .uploadFile, declaration: declaration)
            #expect(try await fixture.catalog.insert(record, at: nil, request: request) == .inserted(record))
            try await fixture.crash()
        }
        let reopened = try Fixture(in: temporary)
        try await reopened.store.recover(now: Fixture.now)
        let again = try await self.upload([1, 2, 3], reopened, access: access, key: try Self.key("k"))
        #expect(again.id == record.id)
        #expect(try await reopened.bytes(of: record.id, access: access) == [1, 2, 3])
        try await reopened.close()
    }

    @Test func keyOfAnotherRequestIsRefused() async throws {
        let fixture = try Fixture()
        let (acme, other) = (try Fixture.access(), try Fixture.access("other"))
        let key = try Self.key("k")
        let first = try await self.upload([1], fixture, access: acme, key: key)
        for (bytes, name) in [([2], "a.png"), ([1], "b.png")] as [([UInt8], String)] {
            await #expect(throws: StorageError.idempotencyKeyReused) {
                try await self.upload(bytes, fixture, access: acme, key: key, name: name)
            }
        }
        await #expect(throws: StorageError.idempotencyKeyReused) {
            try await fixture.store.requestUpload(
                first.declaration, access: acme, lifetimeSeconds: 60, now: Fixture.now, key: key)
        }
        #expect(try await self.upload([2], fixture, access: other, key: key).id != first.id)
        try await fixture.close()
    }

    @Test(arguments: [(86_399, true), (86_400, false)] as [(Int64, Bool)])
    func keysCountForADay(age: Int64, isSame: Bool) async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        let request = { (now: Timestamp) in
            try await fixture.store.requestUpload(
                try Fixture.declaration(size: 1), access: access, lifetimeSeconds: 604_800, now: now,
                key: try Self.key("k"))
        }
        let first = try await request(Fixture.now)
        let later = Fixture.now.advanced(bySeconds: age)
        _ = try await fixture.store.sweep(now: later)
        #expect(try fixture.sqlite3("SELECT count(*) FROM idempotency_keys") == (isSame ? "1" : "0"))
        #expect((try await request(later).id == first.id) == isSame)
        try await fixture.close()
    }

    @Test func keyOfAnAbandonedFileIsFree() async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        let request = { (now: Timestamp) in
            try await fixture.store.requestUpload(
                try Fixture.declaration(size: 1), access: access, lifetimeSeconds: 60, now: now,
                key: try Self.key("k"))
        }
        let first = try await request(Fixture.now)
        let later = Fixture.now.advanced(bySeconds: 3_700)
        _ = try await fixture.store.sweep(now: later)
        #expect(try await request(later).id != first.id)
        try await fixture.close()
    }

    // MARK: Revocation

    @Test func revocationOutlivesTheProcess() async throws {
        let temporary = try TemporaryDirectory()
        let access = try Fixture.access()
        let record: FileRecord
        do {
            let fixture = try Fixture(in: temporary)
            record = try await self.upload([1], fixture, access: access)
            #expect(try await self.revoke(record.id, fixture, access: access, after: 0) == .done)
            let revoked = try fixture.store.record(record.id, access: access, now: Fixture.now)
            #expect(revoked.urlsRevokedAt == Fixture.now)
            try await fixture.crash()
        }
        let reopened = try Fixture(in: temporary)
        try await reopened.store.recover(now: Fixture.now.advanced(bySeconds: 60))
        #expect(throws: StorageError.urlRevoked) {
            try reopened.store.revocations.check(record.id, issuedAt: Fixture.now)
        }
        try reopened.store.revocations.check(record.id, issuedAt: Fixture.now.advanced(bySeconds: 1))
        try reopened.store.revocations.check(record.id, issuedAt: nil)
        try await reopened.close()
    }

    private func revoke(
        _ id: FileID, _ fixture: Fixture, access: OrganizationAccess, requested: Int64? = nil, after seconds: Int64
    ) async throws -> FileStore.Revocation {
        try await fixture.store.revokeURLs(
            of: id, access: access, requestedAt: Fixture.now.advanced(bySeconds: requested ?? seconds),
            now: Fixture.now.advanced(bySeconds: seconds))
    }

    @Test func revocationsOfOneSecondAreDoneInTheNext() async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        let record = try await self.upload([1], fixture, access: access)
        #expect(try await self.revoke(record.id, fixture, access: access, after: 0) == .done)
        // URLs that were minted since are dated a second later.
        for _ in 0..<3 {
            #expect(
                try await self.revoke(record.id, fixture, access: access, after: 0) == .dueAfter(Fixture.now))
        }
        for _ in 0..<3 {
            #expect(try await self.revoke(record.id, fixture, access: access, requested: 0, after: 1) == .done)
        }
        let revoked = try fixture.store.record(record.id, access: access, now: Fixture.now)
        #expect(revoked.urlsRevokedAt == Fixture.now.advanced(bySeconds: 1))
        // Never ahead of the clock, however often.
        #expect(throws: StorageError.urlRevoked) {
            try fixture.store.revocations.check(record.id, issuedAt: Fixture.now.advanced(bySeconds: 1))
        }
        try fixture.store.revocations.check(record.id, issuedAt: Fixture.now.advanced(bySeconds: 2))
        try await fixture.close()
    }

    @Test func revocationIsNotDoneByOneThatAClockAheadOfOursMade() async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        let record = try await self.upload([1], fixture, access: access)
        #expect(try await self.revoke(record.id, fixture, access: access, after: 3_600) == .done)
        let later = Fixture.now.advanced(bySeconds: 3_600)
        #expect(try await self.revoke(record.id, fixture, access: access, after: 0) == .dueAfter(later))
        await #expect(throws: StorageError.notFound) {
            try await self.revoke(record.id, fixture, access: try Fixture.access("other"), after: 0)
        }
        try await fixture.close()
    }

    @Test func revocationsAreForgottenOnceNoURLCanBeLeft() throws {
        let revocations = Revocations(lifetimeSeconds: 100)
        let id = try FileIDGenerator(system: Linux()).next()
        revocations.add([id: Fixture.now])
        // In its last second a URL works still.
        revocations.prune(now: Fixture.now.advanced(bySeconds: 100))
        #expect(throws: StorageError.urlRevoked) { try revocations.check(id, issuedAt: Fixture.now) }
        // Not again so soon: a GET would wait.
        revocations.prune(now: Fixture.now.advanced(bySeconds: 101))
        #expect(throws: StorageError.urlRevoked) { try revocations.check(id, issuedAt: Fixture.now) }
        revocations.prune(now: Fixture.now.advanced(bySeconds: 700))
        try revocations.check(id, issuedAt: Fixture.now)
    }

    // MARK: Rows that are kept

    @Test func resolvedRowsAreKeptUntilTheyChange() async throws {
        let fixture = try Fixture()
        let (acme, other) = (try Fixture.access(), try Fixture.access("other"))
        let resolve = { (ids: [FileID], access: OrganizationAccess) in
            try await fixture.store.readyRecords(ids, access: access, now: Fixture.now)
        }
        let ids = [
            try await self.upload([1], fixture, access: acme).id, try await self.upload([2], fixture, access: acme).id,
            try await self.upload([3], fixture, access: other).id,
        ]
        for _ in 0..<2 {
            #expect(try await resolve(ids, acme).map(\.id) == Array(ids[..<2]))
            #expect(try await resolve(ids.reversed(), other).map(\.id) == [ids[2]])
        }
        #expect(fixture.store.readyFiles.find(ids).files.count == 3)
        #expect(try await self.revoke(ids[0], fixture, access: acme, after: 0) == .done)
        let revoked = try await resolve([ids[0]], acme).first
        #expect(revoked?.urlsRevokedAt == Fixture.now)
        try await fixture.store.delete(ids[1], access: acme, now: Fixture.now)
        #expect(try await resolve(ids, acme).map(\.id) == [ids[0]])
        try await fixture.close()
    }

    @Test func rowThatChangedWhileItWasLookedUpIsNotKept() async throws {
        let fixture = try Fixture()
        let record = try await self.upload([1], fixture, access: try Fixture.access())
        let files = ReadyFiles(capacity: 4)
        let epoch = files.find([record.id]).epoch
        files.drop(record.id)
        files.keep([record], since: epoch)
        #expect(files.find([record.id]).files.isEmpty)
        files.keep([record], since: files.find([]).epoch)
        #expect(files.find([record.id]).files[record.id] == record)
        try await fixture.close()
    }

    @Test func rowsInUseOutliveOthers() async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        let used = try await self.upload([1], fixture, access: access)
        let files = ReadyFiles(capacity: 4)
        files.keep([used], since: 0)
        for index in 0..<10 as Range<UInt8> {
            files.keep([try await self.upload([index], fixture, access: access)], since: 0)
            #expect(files.find([used.id]).files.count == 1)
        }
        try await fixture.close()
    }
}
