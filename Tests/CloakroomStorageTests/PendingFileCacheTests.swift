import CloakroomDomain
import Testing

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

@Suite("Rows inserted a moment ago")
struct PendingFileCacheTests {
    private static func record(_ number: UInt64) throws -> FileRecord {
        FileRecord(
            id: FileID(milliseconds: 1, sequence: 0, random: number),
            organization: try #require(OrganizationID("acme")), declaration: try Fixture.declaration(size: 1),
            createdAt: Fixture.now, uploadExpiresAt: Fixture.now, status: .pending)
    }

    @Test
    func aRowIsGivenOnce() throws {
        let files = PendingFileCache(capacity: 8)
        let record = try Self.record(1)
        files.keep(record)
        #expect(files.take(record.id) == record)
        #expect(files.take(record.id) == nil)
    }

    @Test
    func noMoreAreKeptThanThereIsRoomFor() throws {
        let files = PendingFileCache(capacity: 8)
        let records = try (0..<100).map { try Self.record($0) }
        for record in records { files.keep(record) }
        let kept = records.filter { files.take($0.id) != nil }
        #expect((4...8).contains(kept.count))
        #expect(kept.last == records.last)
    }
}
