import CloakroomDomain
import NIOPosix
import NIOCore
import Testing

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

/// Revoking a file's URLs: those issued until then are refused.
// One after the other, as the packs are: each has some 260 descriptors.
@Suite("Revoked URLs", .serialized)
struct RevocationTests {
    @Test func revocationOutlivesTheProcess() async throws {
        let temporary = try TemporaryDirectory()
        let access = try Fixture.access()
        let record: FileRecord
        do {
            let fixture = try Fixture(in: temporary)
            record = try await fixture.upload([1], access: access)
            #expect(try await fixture.revoke(record.id, access: access, after: 0) == .done)
            let revoked = try fixture.store.record(record.id, access: access, now: Fixture.now)
            #expect(revoked.urlsRevokedAt == Fixture.now)
            try await fixture.crash()
        }
        let reopened = try Fixture(in: temporary)
        try await reopened.recovery.run(now: Fixture.now.advanced(bySeconds: 60))
        #expect(throws: StorageError.urlRevoked) {
            try reopened.storage.revocations.check(record.id, issuedAt: Fixture.now)
        }
        try reopened.storage.revocations.check(record.id, issuedAt: Fixture.now.advanced(bySeconds: 1))
        try reopened.storage.revocations.check(record.id, issuedAt: nil)
        try await reopened.close()
    }

    @Test func revocationsOfOneSecondAreDoneInTheNext() async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        let record = try await fixture.upload([1], access: access)
        #expect(try await fixture.revoke(record.id, access: access, after: 0) == .done)
        // URLs that were minted since are dated a second later.
        for _ in 0..<3 {
            #expect(
                try await fixture.revoke(record.id, access: access, after: 0) == .dueAfter(Fixture.now))
        }
        for _ in 0..<3 {
            #expect(try await fixture.revoke(record.id, access: access, requested: 0, after: 1) == .done)
        }
        let revoked = try fixture.store.record(record.id, access: access, now: Fixture.now)
        #expect(revoked.urlsRevokedAt == Fixture.now.advanced(bySeconds: 1))
        // Never ahead of the clock, however often.
        #expect(throws: StorageError.urlRevoked) {
            try fixture.storage.revocations.check(record.id, issuedAt: Fixture.now.advanced(bySeconds: 1))
        }
        try fixture.storage.revocations.check(record.id, issuedAt: Fixture.now.advanced(bySeconds: 2))
        try await fixture.close()
    }

    @Test func revocationIsNotDoneByOneThatAClockAheadOfOursMade() async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        let record = try await fixture.upload([1], access: access)
        #expect(try await fixture.revoke(record.id, access: access, after: 3_600) == .done)
        let later = Fixture.now.advanced(bySeconds: 3_600)
        #expect(try await fixture.revoke(record.id, access: access, after: 0) == .dueAfter(later))
        await #expect(throws: StorageError.notFound) {
            try await fixture.revoke(record.id, access: try Fixture.access("other"), after: 0)
        }
        try await fixture.close()
    }

    @Test func revocationsAreForgottenOnceNoURLCanBeLeft() async throws {
        let fixture = try Fixture()
        let rows = SQLiteRows(fixture.catalog, lookups: .singleton, pages: .singleton, events: .singleton)
        let revocations = Revocations(rows: rows, caches: RowCaches(), lifetimeSeconds: 100)
        let id = try fixture.nextID()
        revocations.add([id: Fixture.now])
        // In its last second a URL works still.
        revocations.prune(now: Fixture.now.advanced(bySeconds: 100))
        #expect(throws: StorageError.urlRevoked) { try revocations.check(id, issuedAt: Fixture.now) }
        // Not again so soon: a GET would wait.
        revocations.prune(now: Fixture.now.advanced(bySeconds: 101))
        #expect(throws: StorageError.urlRevoked) { try revocations.check(id, issuedAt: Fixture.now) }
        revocations.prune(now: Fixture.now.advanced(bySeconds: 700))
        try revocations.check(id, issuedAt: Fixture.now)
        try await fixture.close()
    }
}
