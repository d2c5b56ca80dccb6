import CloakroomDomain
import Foundation
import Testing

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

@Suite("What a check finds", .serialized)
struct StoreCheckTests {
    /// Something that is wrong with a store, and what is said of it.
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        /// The lines without what was done.
        let lines: [String]
        /// What they end with when it is repaired; nothing for what stays as it is.
        var repaired = ""
        /// Whether it takes reading every byte.
        var needsData = false
        let harm: @Sendable (ClosedStore) throws -> Void

        var testDescription: String { self.name }
    }

    private static let missingRepair = ": can be uploaded again"
    private static let waits = ": moved to quarantine, can be uploaded again"

    /// In the lines, `SMALL` and `LARGE` are the files, `PACK` is the pack's path, and `BLOB` the large file's.
    private static let cases: [Case] = [
        Case(name: "a blob is missing", lines: ["damaged LARGE missing"], repaired: missingRepair) { store in
            try FileManager.default.removeItem(atPath: store.large.path)
        },
        Case(name: "a pack is missing", lines: ["damaged SMALL missing"], repaired: missingRepair) { store in
            try FileManager.default.removeItem(atPath: store.small.path)
        },
        Case(name: "a blob is cut", lines: ["damaged LARGE length 99999 instead of 100000"], repaired: waits) { store in
            try ClosedStore.truncate(store.large.path, to: 99_999)
        },
        Case(name: "a pack is cut", lines: ["damaged SMALL length 4 instead of 11"], repaired: waits) { store in
            try ClosedStore.truncate(store.small.path, to: store.small.offset + 4)
        },
        Case(
            name: "a blob has another bit", lines: ["damaged LARGE sha256 differs"], repaired: waits, needsData: true
        ) { store in
            try ClosedStore.flip(store.large.path, at: 50_000)
        },
        Case(
            name: "a packed body has another bit", lines: ["damaged SMALL sha256 differs"], repaired: waits,
            needsData: true
        ) { store in
            try ClosedStore.flip(store.small.path, at: store.small.offset + 10)
        },
        Case(
            name: "rows are gone",
            lines: [
                "orphan LARGE BLOB belongs to no file",
                // The slot is a page.
                "unreferenced PACK 4096 bytes at 4096 with the header of SMALL belong to no file",
            ],
            repaired: ": moved to quarantine"
        ) { store in
            let output = try store.sqlite3("DELETE FROM files")
            #expect(output.isEmpty)
        },
        Case(
            name: "a pack is longer", lines: ["unreferenced PACK 8192 bytes at 8192 belong to no file"],
            repaired: ": moved to quarantine"
        ) { store in
            let handle = try FileHandle(forUpdating: URL(filePath: store.small.path))
            try handle.seekToEnd()
            try handle.write(contentsOf: Data(repeating: 1, count: 8_192))
            try handle.close()
        },
        Case(
            name: "deleted files are there",
            lines: [
                "undeleted LARGE is deleted, and its bytes still exist",
                "undeleted SMALL is deleted, and its bytes still exist",
            ], repaired: ": removed"
        ) { store in
            let output = try store.sqlite3(
                """
                INSERT INTO deleted_files (id, deleted_at, forget_after, locator, bytes_removed)
                SELECT id, created_at, created_at + 9999, locator, 1 FROM files;
                DELETE FROM files
                """)
            #expect(output == "")
        },
        Case(
            name: "a file is deleted and there", lines: ["contradictory LARGE is marked as deleted and still exists"],
            repaired: ": deletion mark removed"
        ) { store in
            let output = try store.sqlite3(
                """
                INSERT INTO deleted_files (id, deleted_at, forget_after)
                SELECT id, created_at, created_at + 9999 FROM files WHERE id = \(store.large.key)
                """)
            #expect(output == "")
        },
        Case(
            name: "a usage is wrong", lines: ["usage acme 7 files and 8 bytes instead of 2 and 100011"],
            repaired: ": corrected"
        ) { store in
            let output = try store.sqlite3("UPDATE organizations SET used_files = 7, used_bytes = 8")
            #expect(output.isEmpty)
        },
        Case(
            name: "a header is damaged", lines: ["noted SMALL the header of its slot is damaged; its bytes are intact"]
        ) { store in
            try ClosedStore.flip(store.small.path, at: store.small.offset - 20)
        },
        Case(
            name: "names do not belong here",
            lines: [
                "noted blobs/00/notes?txt does not belong here and was not changed",
                "noted blobs/lost+found does not belong here and was not changed",
                "noted blobs/packs/17 does not belong here and was not changed",
            ]
        ) { store in
            for name in ["00/notes\ntxt", "lost+found", "packs/17"] {
                try Data("x".utf8).write(to: URL(filePath: "\(store.dataPath)/blobs/\(name)"))
            }
        },
    ]

    private static func expected(_ test: Case, _ store: ClosedStore) -> [String] {
        test.lines.map { line in
            line.replacing("LARGE", with: "\(store.large.id)").replacing("SMALL", with: "\(store.small.id)")
                .replacing("PACK", with: store.small.path.replacing(store.dataPath + "/", with: ""))
                .replacing("BLOB", with: store.large.path.replacing(store.dataPath + "/", with: ""))
        }.sorted()
    }

    @Test(arguments: Self.cases)
    func harmIsFoundAndRepaired(_ test: Case) async throws {
        let store = try await ClosedStore()
        try test.harm(store)
        let lines = Self.expected(test, store)
        let isFinding = !test.repaired.isEmpty
        for extent in [ExaminationExtent.presence, .data] {
            let report = try await store.look(extent)
            let isSeen = extent == .data || !test.needsData
            #expect(report.lines.sorted() == (isSeen ? lines : []))
            #expect(report.summary.findings == (isSeen && isFinding ? lines.count : 0))
        }
        // Looking has changed nothing: a second look says the same.
        #expect(try await store.look(.data).lines.sorted() == lines)

        let extent = test.needsData ? ExaminationExtent.data : .presence
        let repaired = try await store.repair(extent)
        #expect(repaired.lines.sorted() == lines.map { $0 + test.repaired })
        #expect(repaired.summary.findings == (isFinding ? lines.count : 0))
        for extent in [ExaminationExtent.presence, .data] {
            let report = try await store.look(extent)
            #expect(report.lines.sorted() == (isFinding ? [] : lines))
            #expect(report.summary.findings == 0)
        }
    }

    @Test(arguments: [0, 1])
    func aRepairLeavesMoreDamageThanItMayTakeAway(_ maximum: Int) async throws {
        let store = try await ClosedStore()
        for file in store.files { try FileManager.default.removeItem(atPath: file.path) }
        let lines = store.files.map { "damaged \($0.id) missing" }.sorted()
        let left = try await store.repair(maximumDamaged: maximum)
        #expect(left.lines.sorted() == lines)
        #expect(left.summary.unrepaired == 2)
        #expect(try store.sqlite3("SELECT count(*) FROM files WHERE sha256 IS NOT NULL") == "2")

        let repaired = try await store.repair(maximumDamaged: 2)
        #expect(repaired.lines.sorted() == lines.map { $0 + ": can be uploaded again" })
        #expect(repaired.summary.unrepaired == 0)
        #expect(try store.sqlite3("SELECT count(*) FROM files WHERE sha256 IS NOT NULL") == "0")
    }

    @Test func aStoreInOrderHasNoFindings() async throws {
        let store = try await ClosedStore()
        for extent in [ExaminationExtent.presence, .data] {
            let report = try await store.look(extent)
            #expect(report.lines == [])
            #expect(report.summary.files == 2)
            #expect(report.summary.bytes == ByteCount(inMemory: 100_011))
            #expect(report.summary.findings == 0)
            #expect(try await store.repair(extent).lines == [])
        }
        #expect(try store.sqlite3("SELECT count(*) FROM files WHERE sha256 IS NOT NULL") == "2")
        let fixture = try Fixture(in: store.temporary)
        for file in store.files {
            #expect(try await fixture.bytes(of: file.id, access: store.access) == file.bytes)
        }
        try await fixture.close()
    }

    @Test func whatACrashLeftIsNoFinding() async throws {
        let temporary = try TemporaryDirectory()
        let access = try Fixture.access()
        do {
            let fixture = try Fixture(in: temporary)
            for size in [10, 5_000, 100_000] {
                let bytes = [UInt8](repeating: 3, count: size)
                let record = try await fixture.request(bytes, access: access)
                _ = try await fixture.send(bytes, to: record, access: access)
                let deleted = try await fixture.request(bytes, access: access)
                _ = try await fixture.send(bytes, to: deleted, access: access)
                // The row is gone, the process dies before the bytes are.
                #expect(try await fixture.catalog.delete(deleted.id, of: access.organization, now: Fixture.now) != nil)
                let pending = try await fixture.request(bytes, access: access)
                try Data(bytes).write(to: URL(filePath: fixture.blobPath(pending.id)))
            }
            try await fixture.crash()
        }
        let directory = try DataDirectory(path: temporary.path + "/data", creates: false, exclusively: false)
        #expect(try await ClosedStore.look(directory, .data).lines == [])
    }

    // MARK: A damaged database

    @Test func aDamagedDatabaseIsSaidAndNothingIsChanged() async throws {
        let store = try await ClosedStore()
        let page = try #require(Int(try store.sqlite3("SELECT rootpage FROM sqlite_schema WHERE name = 'files'")))
        let size = try #require(Int(try store.sqlite3("PRAGMA page_size")))
        _ = try store.sqlite3("PRAGMA wal_checkpoint(TRUNCATE)")
        try store.overwritePage(page, of: size)
        for report in [try await store.look(.data), try await store.repair(.data)] {
            #expect(report.summary.isCorrupt)
            #expect(report.summary.findings == report.findings.count)
            #expect(!report.findings.isEmpty && report.findings.allSatisfy { $0.kind == .corrupt })
        }
        // With rows that cannot be read, every blob would be an orphan.
        #expect(FileManager.default.fileExists(atPath: store.large.path))
        #expect(FileManager.default.fileExists(atPath: store.small.path))
        #expect(try store.quarantined().isEmpty)
    }

    @Test func aDatabaseThatIsNoneIsSaid() async throws {
        let store = try await ClosedStore()
        _ = try store.sqlite3("PRAGMA wal_checkpoint(TRUNCATE)")
        try store.overwritePage(1, of: 4_096)
        for report in [try await store.look(), try await store.repair()] {
            #expect(report.summary.isCorrupt)
            #expect(report.findings.map(\.kind) == [.corrupt])
        }
    }

    @Test func withoutACatalogueThereIsNothingToCheck() async throws {
        let temporary = try TemporaryDirectory()
        let directory = try DataDirectory(path: temporary.path, exclusively: false)
        await #expect(throws: Catalog.OpenError.self) { try await ClosedStore.look(directory, .presence) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: temporary.path).isEmpty)
    }

    // MARK: Beside a server

    @Test func besideUploadsAndDeletionsNothingIsFound() async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        let isOver = Flag()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<6 {
                group.addTask {
                    var kept: [FileID] = []
                    var round = 0
                    while !isOver.isSet {
                        round += 1
                        let size = (round + worker).isMultiple(of: 5) ? 70_000 : 1 + 997 * (round % 40)
                        let bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: round), count: size)
                        let record = try await fixture.request(bytes, access: access)
                        _ = try await fixture.send(bytes, to: record, access: access)
                        kept.append(record.id)
                        guard kept.count > 20 else { continue }
                        try await fixture.storage.deletions.delete(kept.removeFirst(), access: access, now: Fixture.now)
                    }
                }
            }
            group.addTask {
                while !isOver.isSet {
                    _ = try await fixture.storage.retention.sweep(now: Fixture.now)
                    try await Task.sleep(for: .milliseconds(5))
                }
            }
            defer { isOver.set() }
            for round in 0..<12 {
                let extent: ExaminationExtent = round.isMultiple(of: 2) ? .presence : .data
                #expect(try await ClosedStore.look(fixture.directory, extent).lines == [])
            }
            isOver.set()
            try await group.waitForAll()
        }
        // A damaged file among them is found.
        let bytes = [UInt8](repeating: 1, count: 80_000)
        let record = try await fixture.request(bytes, access: access)
        _ = try await fixture.send(bytes, to: record, access: access)
        try ClosedStore.flip(fixture.blobPath(record.id), at: 79_999)
        #expect(
            try await ClosedStore.look(fixture.directory, .data).lines == ["damaged \(record.id) sha256 differs"])
        try await fixture.close()
    }
}
