import CloakroomDomain
import Testing

@testable import CloakroomServer
@testable import CloakroomStore

/// What `/readyz` says; the service is ready where it says nothing.
struct ReadinessTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let space: FreeSpace?
        let problems: [String]

        init(_ name: String, _ space: FreeSpace?, _ problems: [String]) {
            self.name = name
            self.space = space
            self.problems = problems
        }

        var testDescription: String { self.name }
    }

    /// At least 2,000 bytes are to be free.
    static let disks: [Case] = [
        Case("room", FreeSpace(bytes: 2_000, files: 1_000), []),
        Case("too few bytes", FreeSpace(bytes: 1_999, files: 1_000), ["1999 bytes are free, fewer than 2000"]),
        Case("no byte", FreeSpace(bytes: 0, files: 1_000), ["0 bytes are free, fewer than 2000"]),
        Case("too few inodes", FreeSpace(bytes: 2_000, files: 999), ["999 inodes are free, fewer than 1000"]),
        Case("no inode", FreeSpace(bytes: 2_000, files: 0), ["0 inodes are free, fewer than 1000"]),
        Case("as many inodes as are wanted", FreeSpace(bytes: 2_000, files: nil), []),
        Case(
            "nothing may be changed", FreeSpace(bytes: 2_000, files: 1_000, isReadOnly: true),
            ["the file system is read-only"]),
        Case(
            "everything at once", FreeSpace(bytes: 1, files: 2, isReadOnly: true),
            [
                "the file system is read-only", "1 bytes are free, fewer than 2000",
                "2 inodes are free, fewer than 1000",
            ]),
        Case("a file system that says nothing", nil, ["the free space is unknown"]),
    ]

    @Test(arguments: Self.disks)
    func diskWithoutRoomIsAProblem(_ example: Case) {
        #expect(Readiness.problems(example.space, minimumFreeBytes: 2_000) == example.problems)
    }

    @Test
    func refusedWritesAreDated() {
        // 2026-03-20T11:30:00Z, by date(1).
        let since = Timestamp(secondsSinceEpoch: 1_774_006_200)
        let rejection = StorageHealth.Rejection(reason: "fsync: Input/output error", since: since, isOfDamage: false)
        #expect(
            Readiness.problem(rejection)
                == "writes are refused since 2026-03-20T11:30:00Z: fsync: Input/output error")
    }

    @Test
    func catalogueSaysWhyItTakesNoWrites() {
        #expect(Readiness.problem(StorageError.full) == "the database does not accept writes: the disk is full")
        let failure = Readiness.problem(StorageError.failed("SQLite 8: x"))
        #expect(failure == "the database does not accept writes: SQLite 8: x")
    }
}
