import CloakroomCrypto
import CloakroomDomain
import NIOCore
import Testing

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

/// What the gateway's side asks of the storage: what an organization has, and may have.
// One after the other, as the packs are: each has some 260 descriptors.
@Suite("Usage and quotas", .serialized)
struct GatewayTests {
    @Test func usageIsWhatTheRowsAddUpTo() async throws {
        let fixture = try Fixture()
        let (acme, other) = (try Fixture.access(), try Fixture.access("other"))
        let pending = try await fixture.request([1, 2, 3], access: acme)
        let direct = try await fixture.upload([1, 2], access: acme)
        _ = try await fixture.upload([UInt8](repeating: 7, count: 100_000), access: other)
        _ = try await fixture.send([1, 2, 3], to: pending, access: acme)
        try await fixture.storage.deletions.delete(direct.id, access: acme, now: Fixture.now)
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
        _ = try await fixture.storage.retention.sweep(now: Fixture.now.advanced(bySeconds: 8_000))
        #expect(try await fixture.storage.organizations.list().map(\.usage.files) == [0])
        try await fixture.close()
    }

    /// The number that some digits of a locator stand for, in SQL.
    private static func number(_ digits: ClosedRange<Int>) -> String {
        digits.map { place in
            "(instr('0123456789abcdef', substr(CAST(locator AS TEXT), \(place), 1)) - 1 << \(4 * (digits.upperBound - place)))"
        }.joined(separator: " + ")
    }

    /// Makes a catalogue what version 2 of the schema was.
    static let backToVersion2 = """
        DROP INDEX deleted_files_to_remove; DROP INDEX deleted_files_to_free;
        ALTER TABLE files ADD COLUMN pack INTEGER; ALTER TABLE files ADD COLUMN pack_offset INTEGER;
        UPDATE files SET pack = \(number(1...16)), pack_offset = \(number(17...24)) WHERE locator IS NOT NULL;
        ALTER TABLE deleted_files ADD COLUMN pack INTEGER; ALTER TABLE deleted_files ADD COLUMN pack_offset INTEGER;
        ALTER TABLE deleted_files ADD COLUMN size_bytes INTEGER;
        UPDATE deleted_files SET pack = \(number(1...16)), pack_offset = \(number(17...24)),
            size_bytes = \(number(25...32)) WHERE locator IS NOT NULL;
        ALTER TABLE files DROP COLUMN locator; ALTER TABLE deleted_files DROP COLUMN locator;
        CREATE INDEX deleted_files_to_remove ON deleted_files (id) WHERE bytes_removed = 0 AND pack IS NULL;
        CREATE INDEX deleted_files_to_give_back ON deleted_files (id) WHERE bytes_removed = 0 AND pack IS NOT NULL;
        DROP TABLE events; DROP TABLE event_log; DROP TABLE removed_files;
        DROP TABLE store; DROP TABLE lost_history; DROP TABLE lost_bodies;
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
        #expect(try await reopened.storage.organizations.list().map(\.usage) == [.init(files: 3, bytes: 6)])
        try await reopened.close()
    }

    @Test(arguments: [1, 3, 100_000])
    func quotaIsExactAmongUploadsAtTheSameTime(size: Int) async throws {
        let fixture = try Fixture(packLength: 32 * 1_024 * 1_024)
        let access = try Fixture.access()
        let organizations = fixture.storage.organizations
        try await organizations.changeQuota(of: access.organization, now: Fixture.now) {
            $0.maximumBytes = Int64(10 * size + size - 1)
        }
        let outcomes = await withTaskGroup(of: Bool.self) { group in
            for index in 0..<30 {
                group.addTask {
                    let bytes = [UInt8](repeating: 1, count: size)
                    if index.isMultiple(of: 2) {
                        return (try? await fixture.upload(bytes, access: access)) != nil
                    }
                    return (try? await fixture.request(bytes, access: access)) != nil
                }
            }
            return await group.reduce(into: [Bool]()) { $0.append($1) }
        }
        #expect(outcomes.count { $0 } == 10)
        #expect(try fixture.sqlite3("SELECT count(*), sum(size_bytes) FROM files") == "10|\(10 * size)")
        // What was refused left no bytes: its slot was given back.
        _ = try await fixture.storage.retention.sweep(now: Fixture.now)
        try await fixture.close()
    }
}
