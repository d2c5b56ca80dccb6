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

/// Damaged files, and damaged backups.
extension BackupTests {
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
        #expect(record.seal == nil)
        // hashlib.sha256(bytes((i + 3) * 31 & 255 ^ i >> 8 & 255 for i in range(70000)))
        let digest = "66ece80181b9e203538b418059e0becbffc30a4d20a77c850415db775c3c2289"
        #expect(record.declaration.sha256?.hexadecimal == digest)
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
}
