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

/// Backups beside a server that goes on, and beside one another.
extension BackupTests {
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
                        try await fixture.storage.deletions.delete(record.id, access: access, now: Fixture.now)
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
}
