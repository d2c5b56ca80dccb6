import CloakroomCrypto
import CloakroomDomain
import Foundation
import Glibc
import Testing

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

/// Backups, and that what is restored from them is the same.
// One after the other: each has some 600 descriptors.
@Suite("Backups", .serialized)
struct BackupTests {
    /// What `date` makes of the time of the fixtures, and of the second after.
    static let (name, nextName) = ("20260320T094640Z", "20260320T094641Z")

    static func bytes(_ seed: Int, count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: ($0 &+ seed) &* 31 ^ ($0 >> 8)) }
    }

    /// Two that share a pack, and two that have files of their own.
    static let bodies = [
        bytes(1, count: 5_000), bytes(2, count: 64 * 1_024), bytes(3, count: 70_000), bytes(4, count: 1_100_000),
    ]

    /// Starts a store that was restored to a temporary directory.
    static func start(_ temporary: TemporaryDirectory) async throws -> Fixture {
        let fixture = try Fixture(in: temporary)
        try await fixture.recovery.run(now: Fixture.now)
        return fixture
    }

    static func restore(_ backup: String) throws -> TemporaryDirectory {
        let temporary = try TemporaryDirectory()
        _ = try Restore(from: backup).run(to: temporary.path + "/data", now: Fixture.now)
        return temporary
    }

    static func status(_ path: String) throws -> stat {
        var status = stat()
        let code = stat(path, &status)
        try #require(code == 0, "\(path)")
        return status
    }

    static func number(_ path: String) throws -> UInt64 {
        UInt64(try Self.status(path).st_ino)
    }

    /// Overwrites a byte of a file.
    static func damage(_ path: String, at offset: UInt64) throws {
        let file = try FileHandle(forUpdating: URL(filePath: path))
        try file.seek(toOffset: offset)
        let byte = try #require(try file.read(upToCount: 1)?.first)
        try file.seek(toOffset: offset)
        try file.write(contentsOf: [byte ^ 0xFF])
        try file.close()
    }

    // MARK: Round trips

    @Test func aRestoredStoreHasTheSameFiles() async throws {
        let store = try await Store.full()
        let pending = try await store.fixture.request([1, 2, 3], access: store.access)
        let (path, summary) = try store.backUp()
        try await store.fixture.close()
        #expect(path == "\(store.backups)/\(Self.name)")
        #expect(try store.names() == [Self.name])
        #expect(summary.files == 4 && summary.shared == .zero)
        #expect(summary.copied.bytes == Int64(5_000 + 65_536 + 70_000 + 1_100_000))

        let fixture = try await Self.start(try Self.restore(store.backups))
        for file in store.files {
            #expect(try await fixture.bytes(of: file.id, access: store.access) == file.bytes)
        }
        #expect(try fixture.store.record(pending.id, access: store.access, now: Fixture.now) == pending)
        #expect(try fixture.sqlite3("PRAGMA integrity_check") == "ok")
        let schema = "PRAGMA user_version; SELECT sql FROM sqlite_schema ORDER BY name"
        #expect(try fixture.sqlite3(schema) == store.fixture.sqlite3(schema))
        // Small and large ones can be added and deleted as ever.
        try await fixture.storage.deletions.delete(store.files[0].id, access: store.access, now: Fixture.now)
        let record = try await fixture.request([1], access: store.access)
        _ = try await fixture.send([1], to: record, access: store.access)
        #expect(try await fixture.bytes(of: record.id, access: store.access) == [1])
        #expect(try await fixture.bytes(of: store.files[1].id, access: store.access) == store.files[1].bytes)
        try await fixture.close()
    }

    @Test func aStoreWithoutFilesCanBeRestored() async throws {
        let store = try Store()
        let (path, summary) = try store.backUp()
        try await store.fixture.close()
        #expect(summary.files == 0)
        let fixture = try await Self.start(try Self.restore(path))
        #expect(try fixture.sqlite3("SELECT count(*) FROM files") == "0")
        try await fixture.close()
    }

    @Test func everythingIsItsOwnersAlone() async throws {
        let store = try await Store.full()
        let keys = SigningKeyFile(directory: store.fixture.directory)
        try keys.write([SigningKey.generate(now: Fixture.now)])
        let (backup, summary) = try store.backUp()
        #expect(summary.hasSigningKeys)
        let restored = try Self.restore(backup)
        try await store.fixture.close()
        let original = try Data(contentsOf: URL(filePath: store.fixture.directory.path + "/signing-keys"))
        for root in [backup, restored.path + "/data"] {
            #expect(try Data(contentsOf: URL(filePath: root + "/signing-keys")) == original)
            let entries = try FileManager.default.subpathsOfDirectory(atPath: root)
            // The shards at least.
            #expect(entries.count > 256)
            for entry in entries + ["."] {
                let mode = try Self.status("\(root)/\(entry)").st_mode
                let isDirectory = mode & S_IFMT == S_IFDIR
                #expect(mode & 0o777 == (isDirectory ? 0o700 : 0o600), "\(entry)")
            }
        }
    }

    @Test func deletedFilesAreNotInIt() async throws {
        let store = try await Store.full()
        try await store.delete(0)
        try await store.delete(2)
        let (backup, summary) = try store.backUp()
        #expect(summary.files == 2)
        try await store.fixture.close()
        let fixture = try await Self.start(try Self.restore(backup))
        #expect(try fixture.sqlite3("SELECT count(*) FROM deleted_files") == "0")
        #expect(try fixture.sqlite3("SELECT used_files, used_bytes FROM organizations") == "2|1165536")
        // Behind the pack's own page, the deleted one's slot was two pages long.
        let pack = try Data(contentsOf: URL(filePath: store.pack(in: backup)))
        #expect(pack[4_096..<12_288].allSatisfy { $0 == 0 } && pack[12_288] != 0)
        try await fixture.close()
    }
}
