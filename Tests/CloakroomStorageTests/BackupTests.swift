import CloakroomCrypto
import CloakroomDomain
import Foundation
import Glibc
import Testing

@testable import CloakroomStorage

// One after the other: each has some 600 descriptors.
@Suite("Backups", .serialized)
struct BackupTests {
    /// What `date` makes of the time of the fixtures, and of the second after.
    private static let (name, nextName) = ("20260320T094640Z", "20260320T094641Z")

    private static func bytes(_ seed: Int, count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: ($0 &+ seed) &* 31 ^ ($0 >> 8)) }
    }

    /// Two that share a pack, and two that have files of their own.
    private static let bodies = [
        bytes(1, count: 5_000), bytes(2, count: 64 * 1_024), bytes(3, count: 70_000), bytes(4, count: 1_100_000),
    ]

    /// A store with some files, and a place for its backups.
    private struct Store {
        let fixture: Fixture
        let access: OrganizationAccess
        var files: [(id: FileID, bytes: [UInt8])] = []

        init() throws {
            self.fixture = try Fixture()
            self.access = try Fixture.access()
        }

        static func full() async throws -> Store {
            var store = try Store()
            for body in BackupTests.bodies { try await store.add(body) }
            return store
        }

        mutating func add(_ bytes: [UInt8]) async throws {
            let record = try await self.fixture.request(bytes, access: self.access)
            _ = try await self.fixture.send(bytes, to: record, access: self.access)
            self.files.append((record.id, bytes))
        }

        func delete(_ index: Int) async throws {
            try await self.fixture.store.delete(self.files[index].id, access: self.access, now: Fixture.now)
        }

        var backups: String { self.fixture.temporary.path + "/backups" }

        /// The names in the directory of backups.
        func names() throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: self.backups).sorted()
        }

        func backUp(
            damage: DamagePolicy = .fails, sharedFiles: SharedFileCheck = .length,
            onDamage: @escaping (DamagedFile) -> Void = { _ in }
        ) throws -> (path: String, summary: CopySummary) {
            let backup = Backup(
                source: self.fixture.directory, catalog: self.fixture.catalog, damage: damage,
                sharedFiles: sharedFiles, onDamage: onDamage)
            return try backup.run(into: self.backups, now: Fixture.now)
        }

        /// Where the bytes of a large file are in a backup.
        func path(_ index: Int, in backup: String) -> String {
            let uuid = self.files[index].id.uuid
            return "\(backup)/blobs/\(uuid.suffix(2))/\(uuid)"
        }

        /// The only pack of a data directory or a backup.
        func pack(in store: String) throws -> String {
            let packs = try FileManager.default.contentsOfDirectory(atPath: store + "/blobs/packs")
            let name = try #require(packs.first)
            return "\(store)/blobs/packs/\(name)"
        }
    }

    /// Starts a store that was restored to a temporary directory.
    private static func start(_ temporary: TemporaryDirectory) async throws -> Fixture {
        let fixture = try Fixture(in: temporary)
        try await fixture.store.recover(now: Fixture.now)
        return fixture
    }

    private static func restore(_ backup: String) throws -> TemporaryDirectory {
        let temporary = try TemporaryDirectory()
        _ = try Restore(from: backup).run(to: temporary.path + "/data", now: Fixture.now)
        return temporary
    }

    private static func status(_ path: String) throws -> stat {
        var status = stat()
        let code = stat(path, &status)
        try #require(code == 0, "\(path)")
        return status
    }

    private static func number(_ path: String) throws -> UInt64 {
        UInt64(try Self.status(path).st_ino)
    }

    /// Overwrites a byte of a file.
    private static func damage(_ path: String, at offset: UInt64) throws {
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
        try await fixture.store.delete(store.files[0].id, access: store.access, now: Fixture.now)
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

    // MARK: One after the other

    @Test func aSecondBackupSharesWhatTheFirstHas() async throws {
        var store = try await Store.full()
        let first = try store.backUp()
        let second = try store.backUp()
        #expect(second.path == "\(store.backups)/\(Self.nextName)")
        #expect(second.summary.copied == .zero && second.summary.shared == first.summary.copied)
        for index in [2, 3] {
            let (earlier, later) = (store.path(index, in: first.path), store.path(index, in: second.path))
            #expect(try Self.number(earlier) == Self.number(later))
        }
        #expect(try Self.number(store.pack(in: first.path)) == Self.number(store.pack(in: second.path)))

        // One more body in the pack: that is copied, and nothing else.
        try await store.add(Self.bytes(5, count: 3_000))
        let third = try store.backUp()
        #expect(third.summary.copied.bytes == Int64(5_000 + 65_536 + 3_000))
        #expect(try Self.number(store.pack(in: second.path)) != Self.number(store.pack(in: third.path)))
        #expect(try Self.number(store.path(3, in: first.path)) == Self.number(store.path(3, in: third.path)))
        try await store.fixture.close()

        let temporary = try Self.restore(store.backups)
        let data = temporary.path + "/data"
        // Nothing of it is the backup's: what happens to it is of no consequence there.
        #expect(try Self.number(store.path(3, in: data)) != Self.number(store.path(3, in: third.path)))
        #expect(try Self.number(store.pack(in: data)) != Self.number(store.pack(in: third.path)))
        let fixture = try await Self.start(temporary)
        for file in store.files {
            #expect(try await fixture.bytes(of: file.id, access: store.access) == file.bytes)
        }
        try await fixture.close()
    }

    @Test func aFileThatIsDeletedBetweenTwoStaysInTheFirst() async throws {
        let store = try await Store.full()
        let first = try store.backUp()
        try await store.delete(0)
        try await store.delete(2)
        let second = try store.backUp()
        #expect(second.summary.files == 2)
        // The pack has a slot too many, so it is copied.
        #expect(second.summary.copied.bytes == 65_536 && second.summary.shared.bytes == 1_100_000)
        try await store.fixture.close()
        let earlier = try await Self.start(try Self.restore(first.path))
        for file in store.files {
            #expect(try await earlier.bytes(of: file.id, access: store.access) == file.bytes)
        }
        try await earlier.close()
        let later = try await Self.start(try Self.restore(second.path))
        for index in [0, 2] {
            #expect(throws: StorageError.notFound) {
                try later.store.record(store.files[index].id, access: store.access, now: Fixture.now)
            }
        }
        try await later.close()
    }

    @Test func whatHasRottedInTheFirstIsCopiedAnew() async throws {
        let store = try await Store.full()
        let first = try store.backUp()
        try Self.damage(store.path(2, in: first.path), at: 100)
        // The second body: after the pack's page and the first one's two, 128 bytes of header.
        try Self.damage(store.pack(in: first.path), at: 3 * 4_096 + 128 + 10)
        var damaged: [FileID] = []
        let second = try store.backUp(sharedFiles: .bytes) { damaged.append($0.id) }
        #expect(Set(damaged) == [store.files[1].id, store.files[2].id])
        #expect(second.summary.copied.bytes == Int64(5_000 + 65_536 + 70_000))
        #expect(second.summary.shared.bytes == 1_100_000)
        try await store.fixture.close()
        let fixture = try await Self.start(try Self.restore(second.path))
        for file in store.files {
            #expect(try await fixture.bytes(of: file.id, access: store.access) == file.bytes)
        }
        try await fixture.close()
    }

    // MARK: Beside a server

    @Test func whatChangesMeanwhileIsAsItWasOrGone() async throws {
        var store = try await Store.full()
        let path = store.fixture.temporary.path + "/copy"
        try Directory.create(path: path, system: Linux())
        let source = store.fixture.directory
        let copy = try StoreCopy(
            of: .init(root: source.root, path: source.path, live: store.fixture.catalog),
            into: try Directory(path: path, system: Linux()), at: path,
            rules: CopyRules(damage: .fails, sharedFiles: .length, now: Fixture.now, onDamage: { _ in }))
        // Now the moment is past.
        try await store.delete(0)
        try await store.delete(2)
        try await store.add(Self.bytes(6, count: 2_000))
        let summary = try copy.run()
        #expect(summary.files == 2 && summary.deleted == 2)
        try await store.fixture.close()

        let fixture = try await Self.start(try Self.restore(path))
        for file in [store.files[1], store.files[3]] {
            #expect(try await fixture.bytes(of: file.id, access: store.access) == file.bytes)
        }
        for index in [0, 2, 4] {
            #expect(throws: StorageError.notFound) {
                try fixture.store.record(store.files[index].id, access: store.access, now: Fixture.now)
            }
        }
        #expect(try fixture.sqlite3("SELECT used_files, used_bytes FROM organizations") == "2|1165536")
        try await fixture.close()
    }

    @Test func backupsAreMadeUnderLoad() async throws {
        let store = try await Store.full()
        let (fixture, access) = (store.fixture, store.access)
        try await withThrowingDiscardingTaskGroup { group in
            for seed in 0..<8 {
                group.addTask {
                    for turn in 0..<10 {
                        let body = Self.bytes(seed * 10 + turn, count: turn.isMultiple(of: 3) ? 80_000 : 4_000)
                        let record = try await fixture.request(body, access: access)
                        _ = try await fixture.send(body, to: record, access: access)
                        try await fixture.store.delete(record.id, access: access, now: Fixture.now)
                    }
                }
            }
            for _ in 0..<3 { _ = try store.backUp() }
        }
        #expect(try store.names().count == 3)
        try await fixture.close()
        let restored = try await Self.start(try Self.restore(store.backups))
        for file in store.files {
            #expect(try await restored.bytes(of: file.id, access: access) == file.bytes)
        }
        try await restored.close()
    }

    @Test func oneRunAtATime() async throws {
        let store = try Store()
        let directory = try BackupDirectory(path: store.backups, creates: true, system: Linux())
        try directory.lock()
        #expect(throws: BackupError.busy(path: store.backups)) { try store.backUp() }
        directory.unlock()
        _ = try store.backUp()
        try await store.fixture.close()
    }

    // MARK: Damage

    @Test func damageIsReportedAndThereIsNoBackup() async throws {
        let store = try await Store.full()
        try Self.damage(store.fixture.blobPath(store.files[2].id), at: 69_999)
        try FileManager.default.removeItem(atPath: store.fixture.blobPath(store.files[3].id))
        try Self.damage(store.pack(in: store.fixture.directory.path), at: 4_096 + 128)
        var damaged: [FileID] = []
        #expect(throws: BackupError.damaged(files: 3)) { try store.backUp { damaged.append($0.id) } }
        #expect(Set(damaged) == [store.files[0].id, store.files[2].id, store.files[3].id])
        #expect(try store.names() == [])
        try await store.fixture.close()
    }

    @Test func aDamagedFileThatIsAllowedWaitsForItsBytes() async throws {
        let store = try await Store.full()
        let file = store.files[2]
        try Self.damage(store.fixture.blobPath(file.id), at: 5)
        let (backup, summary) = try store.backUp(damage: .leavesPending)
        #expect(summary.files == 3 && summary.damaged == 1)
        try await store.fixture.close()
        let fixture = try await Self.start(try Self.restore(backup))
        let record = try fixture.store.record(file.id, access: store.access, now: Fixture.now)
        #expect(record.seal == nil && record.declaration.sha256 == SHA256.hash(file.bytes))
        var others = file.bytes
        others[5] ^= 0xFF
        await #expect(throws: StorageError.self) { try await fixture.send(others, to: record, access: store.access) }
        _ = try await fixture.send(file.bytes, to: record, access: store.access)
        #expect(try await fixture.bytes(of: file.id, access: store.access) == file.bytes)
        try await fixture.close()
    }

    @Test func aDamagedFileThatTheBackupBeforeHasIsTakenFromThere() async throws {
        let store = try await Store.full()
        _ = try store.backUp()
        try FileManager.default.removeItem(atPath: store.fixture.blobPath(store.files[3].id))
        let (backup, _) = try store.backUp()
        try await store.fixture.close()
        let fixture = try await Self.start(try Self.restore(backup))
        #expect(try await fixture.bytes(of: store.files[3].id, access: store.access) == store.files[3].bytes)
        try await fixture.close()
    }

    @Test func aDamagedBackupIsNotRestored() async throws {
        let store = try await Store.full()
        let (backup, _) = try store.backUp()
        try await store.fixture.close()
        try Self.damage(store.path(3, in: backup), at: 1_000_000)
        let destination = store.fixture.temporary.path + "/restored"
        #expect(throws: BackupError.damaged(files: 1)) {
            try Restore(from: backup).run(to: destination, now: Fixture.now)
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: store.fixture.temporary.path)
        #expect(!names.contains { $0.hasPrefix("restored") })
    }

    @Test func whatDoesNotFitLeavesNothing() async throws {
        let machine = SimulatedMachine()
        let service = try await SimulatedService.start(on: machine)
        let id = try await service.declare(Scenario.veryLarge).id
        try await service.send(Scenario.veryLarge, to: id)
        let source = try DataDirectory(path: machine.dataPath, exclusively: false, system: machine)
        let backups = "/\(machine.number)/backups"
        let backup = Backup(source: source, catalog: service.catalog)
        machine.setFreeBytes(BlobStore.reserveBytes + 1_000_000)
        #expect(throws: BackupError.full(path: "\(backups)/incomplete-\(Self.name)")) {
            try backup.run(into: backups, now: Fixture.now)
        }
        #expect(machine.names("../backups") == [])
        machine.setFreeBytes(BlobStore.reserveBytes + 100_000_000)
        _ = try backup.run(into: backups, now: Fixture.now)
        #expect(machine.names("../backups") == [Self.name])
        await service.end()
    }

    // MARK: What interrupted runs left

    @Test func whatAnInterruptedBackupLeftIsRemoved() async throws {
        let store = try Store()
        let left = store.backups + "/incomplete-20200101T000000Z"
        try FileManager.default.createDirectory(atPath: left + "/blobs/00", withIntermediateDirectories: true)
        try Data("half".utf8).write(to: URL(filePath: left + "/blobs/00/file"))
        let other = store.fixture.temporary.path + "/other"
        try FileManager.default.createDirectory(atPath: other, withIntermediateDirectories: false)
        try Data("stays".utf8).write(to: URL(filePath: other + "/file"))
        try FileManager.default.createSymbolicLink(atPath: left + "/link", withDestinationPath: other)
        #expect(throws: BackupError.incomplete(path: left)) {
            try Restore(from: left).run(to: store.fixture.temporary.path + "/restored", now: Fixture.now)
        }
        _ = try store.backUp()
        #expect(try store.names() == [Self.name])
        #expect(FileManager.default.fileExists(atPath: other + "/file"))
        try await store.fixture.close()
    }

    @Test func nothingIsOverwritten() async throws {
        let store = try await Store.full()
        let (backup, _) = try store.backUp()
        try await store.fixture.close()
        let temporary = try TemporaryDirectory()
        let data = temporary.path + "/data"
        try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: false)
        try Data("*".utf8).write(to: URL(filePath: data + "/.gitignore"))
        try Data("mine".utf8).write(to: URL(filePath: data + "/file"))
        #expect(throws: BackupError.notEmpty(path: data)) { try Restore(from: backup).run(to: data, now: Fixture.now) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: data).sorted() == [".gitignore", "file"])
        try FileManager.default.removeItem(atPath: data + "/file")
        _ = try Restore(from: backup).run(to: data, now: Fixture.now)
        #expect(try String(contentsOfFile: data + "/.gitignore", encoding: .utf8) == "*")
        let fixture = try await Self.start(temporary)
        #expect(try await fixture.bytes(of: store.files[0].id, access: store.access) == store.files[0].bytes)
        try await fixture.close()
        #expect(throws: BackupError.notEmpty(path: data)) { try Restore(from: backup).run(to: data, now: Fixture.now) }
    }

    @Test func whatAnInterruptedRestorationLeftIsNoStore() async throws {
        let store = try await Store.full()
        let (backup, _) = try store.backUp()
        try await store.fixture.close()
        let temporary = try TemporaryDirectory()
        let data = temporary.path + "/data"
        try FileManager.default.createDirectory(atPath: data + "/blobs/ff", withIntermediateDirectories: true)
        for name in ["restoring", "blobs/ff/half"] { try Data().write(to: URL(filePath: "\(data)/\(name)")) }
        for exclusively in [true, false] {
            #expect(throws: DataDirectory.OpenError.self) { try DataDirectory(path: data, exclusively: exclusively) }
        }
        _ = try Restore(from: backup).run(to: data, now: Fixture.now)
        #expect(!FileManager.default.fileExists(atPath: data + "/restoring"))
        #expect(!FileManager.default.fileExists(atPath: data + "/blobs/ff/half"))
        let fixture = try await Self.start(temporary)
        for file in store.files {
            #expect(try await fixture.bytes(of: file.id, access: store.access) == file.bytes)
        }
        try await fixture.close()
    }

    @Test func thereHasToBeABackup() async throws {
        let temporary = try TemporaryDirectory()
        let destination = temporary.path + "/restored"
        #expect(throws: BackupError.nothingThere(path: temporary.path)) {
            try Restore(from: temporary.path).run(to: destination, now: Fixture.now)
        }
        #expect(throws: BackupError.self) {
            try Restore(from: temporary.path + "/none").run(to: destination, now: Fixture.now)
        }
        #expect(!FileManager.default.fileExists(atPath: destination))
    }
}
