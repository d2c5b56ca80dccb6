import CSQLite
import Foundation
import Logging
import Testing

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

@Suite("Checksums of the database's pages")
struct PageChecksumTests {
    private static let pageLength = 4_096

    /// What a look through all of a database says.
    private static func problems(_ path: String) throws -> [String] {
        do throws(SQLiteError) {
            return try Catalog.integrityProblems(of: SQLiteConnection(path: path, role: .fileReader))
        } catch {
            guard error.isCorruption else { throw error }
            return [error.message]
        }
    }

    /// A store of which all is in the database's file, as a clean stop leaves it.
    private static func store() async throws -> ClosedStore {
        let store = try await ClosedStore()
        try Self.copyLog(of: store)
        return store
    }

    private static func copyLog(of store: ClosedStore) throws {
        let connection = try SQLiteConnection(path: store.dataPath + "/catalog.sqlite", role: .writer)
        try connection.checkpoint(SQLITE_CHECKPOINT_TRUNCATE)
    }

    private static func open(_ store: ClosedStore) async throws {
        try await Fixture(in: store.temporary).close()
        try Self.copyLog(of: store)
    }

    @Test
    func noFlippedBitIsTakenForAValue() async throws {
        let store = try await Self.store()
        let path = store.dataPath + "/catalog.sqlite"
        #expect(try Self.problems(path) == [])
        let length = try Data(contentsOf: URL(filePath: path)).count
        #expect(length > 10 * Self.pageLength)
        for offset in [Array(0..<100), Array(stride(from: 100, to: length, by: 251))].joined() {
            try ClosedStore.flip(path, at: offset)
            #expect(try !Self.problems(path).isEmpty, "byte \(offset)")
            try ClosedStore.flip(path, at: offset)
        }
        #expect(try Self.problems(path) == [])
        try await Self.open(store)
    }

    @Test
    func aDamagedPageIsNamed() async throws {
        let store = try await Self.store()
        try ClosedStore.flip(store.dataPath + "/catalog.sqlite", at: 3 * Self.pageLength + 4_000)
        let connection = try SQLiteConnection(path: store.dataPath + "/catalog.sqlite", role: .fileReader)
        let problems = try Catalog.integrityProblems(of: connection)
        #expect(problems.contains { $0.contains("age 4") && $0.contains("its checksum is wrong") }, "\(problems)")
    }

    @Test
    func aPageInTheWrongPlaceIsFound() async throws {
        let store = try await Self.store()
        let url = URL(filePath: store.dataPath + "/catalog.sqlite")
        var data = try Data(contentsOf: url)
        // Two pages of rows.
        let (one, other) = (3 * Self.pageLength, 5 * Self.pageLength)
        let page = data[one..<one + Self.pageLength]
        data.replaceSubrange(other..<other + Self.pageLength, with: page)
        try data.write(to: url)
        #expect(try Self.problems(store.dataPath + "/catalog.sqlite").contains { $0.contains("age 6") })
    }

    @Test
    func aDatabaseWithoutChecksumsGetsThemAtTheNextStart() async throws {
        let store = try await Self.store()
        let url = URL(filePath: store.dataPath + "/catalog.sqlite")
        func reserved() throws -> UInt8 { try Data(contentsOf: url)[20] }
        func dump() throws -> String {
            try store.sqlite3(".dump files").split(separator: "\n").filter { $0.hasPrefix("INSERT") }.joined()
        }
        let rows = try dump()
        #expect(try reserved() == 8)
        // As the versions before have it, and as a copy by `sqlite3` has it.
        let version = try store.sqlite3("PRAGMA user_version")
        let database = store.dataPath + "/catalog.sqlite"
        let copy =
            "(sqlite3 '\(database)' .dump; echo 'PRAGMA user_version = \(version);') | sqlite3 '\(store.temporary.path)/new'"
        #expect(system("\(copy) && rm '\(database)'* && mv '\(store.temporary.path)/new' '\(database)'") == 0)
        #expect(try reserved() == 0)
        try await Self.open(store)
        #expect(try reserved() == 8)
        #expect(try Self.problems(store.dataPath + "/catalog.sqlite") == [])
        #expect(try store.sqlite3("PRAGMA integrity_check") == "ok")
        #expect(try dump() == rows && !rows.isEmpty)
    }

    @Test
    func whatAnotherProgramWritesIntoTheFileIsSeen() async throws {
        let store = try await Self.store()
        // In the log it is SQLite's, with SQLite's checksums.
        #expect(try store.sqlite3("UPDATE files SET filename = 'one.bin' WHERE id = \(store.small.key)") == "")
        try await Self.open(store)
        _ = try store.sqlite3(
            "UPDATE files SET filename = 'two.bin' WHERE id = \(store.small.key); PRAGMA wal_checkpoint(TRUNCATE);")
        #expect(try Self.problems(store.dataPath + "/catalog.sqlite").contains { $0.contains("its checksum is wrong") })
    }

    @Test
    func anExaminationRefusesWritesWhereThereIsDamage() async throws {
        let store = try await Self.store()
        let fixture = try Fixture(in: store.temporary)
        try await fixture.examineDatabase()
        #expect(fixture.health.reasonToRejectWrites == nil)
        let root = try Int(fixture.sqlite3("SELECT rootpage FROM sqlite_schema WHERE name = 'idempotency_keys'"))
        try ClosedStore.flip(
            store.dataPath + "/catalog.sqlite", at: (try #require(root) - 1) * Self.pageLength + 2_000)
        try await fixture.examineDatabase()
        #expect(fixture.health.reasonToRejectWrites?.contains("catalog.sqlite is damaged") == true)
        #expect(try await fixture.bytes(of: store.small.id, access: store.access) == store.small.bytes)
        try? await fixture.close()
    }

    @Test
    func anExaminationThatIsCancelledBeforeItBeginsFindsNothing() async throws {
        let store = try await Self.store()
        let fixture = try Fixture(in: store.temporary)
        try ClosedStore.flip(store.dataPath + "/catalog.sqlite", at: 3 * Self.pageLength + 2_000)
        let examination = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await fixture.examineDatabase()
        }
        // It ends early.
        try? await examination.value
        #expect(fixture.health.reasonToRejectWrites == nil)
        try await fixture.examineDatabase()
        #expect(fixture.health.reasonToRejectWrites?.contains("catalog.sqlite is damaged") == true)
        try? await fixture.close()
    }

    /// In the words of SQLite's check.
    @Test(arguments: [(11, true), (26, true), (8_202, true), (10, false), (266, false), (7, false)])
    func aPageThatTheDiskDoesNotGiveIsNoDamage(_ code: Int, isDamage: Bool) throws {
        let failure = try #require(Catalog.failure(in: "Tree 2 page 4: unable to get the page. error code=\(code)"))
        #expect(failure.isCorruption == isDamage)
        #expect(Catalog.failure(in: "Tree 2 page 4 cell 0: Rowid 1 out of order") == nil)
    }
}
