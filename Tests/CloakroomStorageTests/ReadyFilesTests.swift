import CloakroomCrypto
import CloakroomDomain
import NIOCore
import Testing

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

/// Rows that are kept in memory for those who resolve files.
// One after the other, as the packs are: each has some 260 descriptors.
@Suite("Rows that are kept", .serialized)
struct ReadyFilesTests {
    @Test func resolvedRowsAreKeptUntilTheyChange() async throws {
        let fixture = try Fixture()
        let (acme, other) = (try Fixture.access(), try Fixture.access("other"))
        let resolve = { (ids: [FileID], access: OrganizationAccess) in
            try await fixture.storage.files.findReady(ids, access: access, now: Fixture.now)
        }
        let ids = [
            try await fixture.upload([1], access: acme).id, try await fixture.upload([2], access: acme).id,
            try await fixture.upload([3], access: other).id,
        ]
        for _ in 0..<2 {
            #expect(try await resolve(ids, acme).map(\.id) == Array(ids[..<2]))
            #expect(try await resolve(ids.reversed(), other).map(\.id) == [ids[2]])
        }
        #expect(fixture.shared.caches.ready.find(ids).files.count == 3)
        #expect(try await fixture.revoke(ids[0], access: acme, after: 0) == .done)
        let revoked = try await resolve([ids[0]], acme).first
        #expect(revoked?.urlsRevokedAt == Fixture.now)
        try await fixture.storage.deletions.delete(ids[1], access: acme, now: Fixture.now)
        #expect(try await resolve(ids, acme).map(\.id) == [ids[0]])
        try await fixture.close()
    }

    @Test func rowThatChangedWhileItWasLookedUpIsNotKept() async throws {
        let fixture = try Fixture()
        let record = try await fixture.upload([1], access: try Fixture.access())
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
        let used = try await fixture.upload([1], access: access)
        let files = ReadyFiles(capacity: 4)
        files.keep([used], since: 0)
        for index in 0..<10 as Range<UInt8> {
            files.keep([try await fixture.upload([index], access: access)], since: 0)
            #expect(files.find([used.id]).files.count == 1)
        }
        try await fixture.close()
    }
}
