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

/// Backups one after the other, which share what has not changed.
extension BackupTests {
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
}
