import CloakroomCrypto
import CloakroomDomain
import Foundation
import NIOCore
import NIOPosix
import Testing

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

// One after the other, as the packs are: each has some 260 descriptors.
@Suite("What damage becomes", .serialized)
struct QuarantineTests {
    /// A way to damage a file's bytes on the disk.
    enum Harm: String, CaseIterable, CustomTestStringConvertible {
        case firstBit, lastBit, shorter, longer, missing

        var testDescription: String { self.rawValue }

        func apply(to file: ClosedStore.File) throws {
            let end = file.offset + file.bytes.count
            switch self {
            case .firstBit: try ClosedStore.flip(file.path, at: file.offset)
            case .lastBit: try ClosedStore.flip(file.path, at: end - 1)
            case .shorter: try ClosedStore.truncate(file.path, to: end - 1)
            case .longer: try ClosedStore.truncate(file.path, to: end + 1)
            case .missing: try FileManager.default.removeItem(atPath: file.path)
            }
        }

        /// What is kept of the bytes.
        func kept(of bytes: [UInt8]) -> [UInt8]? {
            switch self {
            case .firstBit: Array([bytes[0] ^ 1] + bytes[1...])
            case .lastBit: Array(bytes[..<(bytes.count - 1)] + [bytes[bytes.count - 1] ^ 1])
            case .shorter: Array(bytes[..<(bytes.count - 1)])
            case .longer: bytes + [0]
            case .missing: nil
            }
        }
    }

    private static func grant(_ file: ClosedStore.File, _ store: ClosedStore) throws -> DownloadGrant {
        // Only the id of a ready file counts.
        let sealed = file.record.sealed(.init(sha256: SHA256.hash([0]), uploadedAt: Fixture.now))
        return try #require(
            DownloadGrant(sealed, access: store.access, expiresAt: Fixture.now.advanced(bySeconds: 3_600)))
    }

    @Test(arguments: [Harm.shorter, .longer])
    func aFileOfAnotherLengthIsServedToNobody(_ harm: Harm) async throws {
        let store = try await ClosedStore()
        try harm.apply(to: store.large)
        let fixture = try Fixture(in: store.temporary)
        let length: Int64 = harm == .shorter ? 99_999 : 100_001
        await #expect(throws: StorageError.damaged(.length(expected: 100_000, found: length))) {
            try await fixture.bytes(of: store.large.id, access: store.access)
        }
        #expect(try await fixture.bytes(of: store.small.id, access: store.access) == store.small.bytes)
        try await fixture.close()
    }

    /// What was verified since the start is not verified again while it stays in memory, until damage is found.
    @Test func aSmallFileIsVerifiedAgainOnceDamageIsFound() async throws {
        let store = try await ClosedStore()
        let fixture = try Fixture(in: store.temporary)
        // What is found is only reported.
        while fixture.damage.budget.take() {}
        let grant = try Self.grant(store.small, store)
        let reader = try fixture.store.reader(grant, now: Fixture.now)
        #expect(fixture.shared.verified.contains(store.small.id))
        try ClosedStore.flip(store.small.path, at: store.small.offset)
        await #expect(throws: StorageError.damaged(.digest)) { try await reader.read(0..<11) }
        #expect(!fixture.shared.verified.contains(store.small.id))
        for _ in 0..<2 {
            #expect(throws: StorageError.damaged(.digest)) { try fixture.store.open(grant, now: Fixture.now) }
        }
        try ClosedStore.flip(store.small.path, at: store.small.offset)
        #expect(try fixture.store.open(grant, now: Fixture.now).needsLoading == false)
        try await fixture.close()
    }

    @Test(arguments: Harm.allCases, [true, false])
    func aDamagedFileWaitsForTheSameBytes(_ harm: Harm, isSmall: Bool) async throws {
        // A pack goes on behind a body.
        guard !(isSmall && harm == .longer) else { return }
        let store = try await ClosedStore()
        let file = isSmall ? store.small : store.large
        try harm.apply(to: file)
        let fixture = try Fixture(in: store.temporary)
        let grant = try Self.grant(file, store)
        let damage = try await fixture.quarantine.quarantineIfDamaged(file.id, .data, now: Fixture.now)
        #expect(damage != nil)
        // Pending, with the digest that it had, for 30 days.
        let row = "sha256 IS NULL, lower(hex(declared_sha256)), upload_expires_at, locator IS NULL, uploaded_at IS NULL"
        #expect(
            try fixture.sqlite3("SELECT \(row) FROM files WHERE id = \(file.key)")
                == "1|\(file.sha256)|1776592000|1|1")
        #expect(throws: StorageError.notFound) { try fixture.store.open(grant, now: Fixture.now) }
        let kept = harm.kept(of: file.bytes)
        #expect(try store.quarantined() == (kept.map { [file.id.uuid: $0] } ?? [:]))
        if !isSmall { #expect(!FileManager.default.fileExists(atPath: file.path)) }

        // Other bytes are refused, the same ones make it what it was.
        await #expect(throws: StorageError.self) {
            try await fixture.send(file.bytes.map { $0 ^ 1 }, to: file.record, access: store.access)
        }
        #expect(throws: StorageError.notFound) { try fixture.store.open(grant, now: Fixture.now) }
        _ = try await fixture.send(file.bytes, to: file.record, access: store.access)
        #expect(try await fixture.bytes(of: file.id, access: store.access) == file.bytes)
        #expect(try await fixture.quarantine.quarantineIfDamaged(file.id, .data, now: Fixture.now) == nil)
        try await fixture.close()
        #expect(try await store.look(.data).lines == [])
    }

    @Test func whatIsWholeIsLeftAlone() async throws {
        let store = try await ClosedStore()
        let fixture = try Fixture(in: store.temporary)
        let before = try fixture.sqlite3("SELECT * FROM files")
        for file in store.files {
            for extent in [ExaminationExtent.presence, .data] {
                #expect(try await fixture.quarantine.quarantineIfDamaged(file.id, extent, now: Fixture.now) == nil)
            }
            #expect(try await fixture.bytes(of: file.id, access: store.access) == file.bytes)
        }
        #expect(try fixture.sqlite3("SELECT * FROM files") == before)
        #expect(try store.quarantined().isEmpty)
        try await fixture.close()
    }

    @Test(arguments: [true, false])
    func whatWasInMemoryIsNotServedAnyMore(isSmall: Bool) async throws {
        let store = try await ClosedStore()
        let file = isSmall ? store.small : store.large
        let fixture = try Fixture(in: store.temporary)
        let grant = try Self.grant(file, store)
        _ = try fixture.store.open(grant, now: Fixture.now)
        let ids = [file.id]
        #expect(
            try await fixture.storage.files.findReady(ids, access: store.access, now: Fixture.now).map(\.id) == ids)
        try ClosedStore.flip(file.path, at: file.offset + 3)
        #expect(
            try await fixture.quarantine.quarantineIfDamaged(file.id, .data, now: Fixture.now) == .wrongDigest)
        #expect(throws: StorageError.notFound) { try fixture.store.open(grant, now: Fixture.now) }
        #expect(try await fixture.storage.files.findReady(ids, access: store.access, now: Fixture.now).isEmpty)
        await #expect(throws: StorageError.notFound) {
            try await fixture.storage.files.findReady(file.id, access: store.access, now: Fixture.now)
        }
        try await fixture.close()
    }

    @Test func aDownloadUnderWayKeepsItsSlotUntilItEnds() async throws {
        let store = try await ClosedStore()
        let fixture = try Fixture(in: store.temporary)
        var blob: (any OpenBlob)? = try fixture.store.open(try Self.grant(store.small, store), now: Fixture.now)
        try ClosedStore.flip(store.small.path, at: store.small.offset)
        _ = try await fixture.quarantine.quarantineIfDamaged(store.small.id, .data, now: Fixture.now)
        let length = try #require(blob).placement.size.bytes
        #expect(length == 11)
        let damaged = try #require(Harm.firstBit.kept(of: store.small.bytes))
        #expect(try Self.bytes(store.small) == damaged)
        withExtendedLifetime(blob) {}
        blob = nil
        // The last reader gives it back, on another thread; then the pack is empty, and goes.
        let deadline = ContinuousClock.now + .seconds(20)
        while FileManager.default.fileExists(atPath: store.small.path), ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(!FileManager.default.fileExists(atPath: store.small.path))
        try await fixture.close()
    }

    /// What the disk has of a file.
    private static func bytes(_ file: ClosedStore.File) throws -> [UInt8] {
        let content = try [UInt8](Data(contentsOf: URL(filePath: file.path)))
        return Array(content[file.offset..<file.offset + file.bytes.count])
    }

    @Test(arguments: [true, false])
    func aSecondDamageIsKeptBesideTheFirst(isSmall: Bool) async throws {
        let store = try await ClosedStore()
        let file = isSmall ? store.small : store.large
        try ClosedStore.flip(file.path, at: file.offset)
        let fixture = try Fixture(in: store.temporary)
        #expect(try await fixture.quarantine.quarantineIfDamaged(file.id, .data, now: Fixture.now) != nil)
        _ = try await fixture.send(file.bytes, to: file.record, access: store.access)
        // A packed body lies elsewhere now.
        let slot = try fixture.catalog.slot(file.id)
        let path = slot.map { "\(store.dataPath)/blobs/packs/\($0.pack.fileName)" } ?? file.path
        try ClosedStore.flip(path, at: Int(slot?.bodyOffset ?? 0) + file.bytes.count - 1)
        #expect(try await fixture.quarantine.quarantineIfDamaged(file.id, .data, now: Fixture.now) != nil)
        let kept = [
            file.id.uuid: try #require(Harm.firstBit.kept(of: file.bytes)),
            file.id.uuid + ".2": try #require(Harm.lastBit.kept(of: file.bytes)),
        ]
        #expect(try store.quarantined() == kept)
        try await fixture.close()
    }

    @Test func aDamagedHeaderOfAWholeBodyIsNoDamage() async throws {
        let store = try await ClosedStore()
        try ClosedStore.flip(store.small.path, at: store.small.offset - 100)
        let fixture = try Fixture(in: store.temporary)
        for extent in [ExaminationExtent.presence, .data] {
            let examination = try #require(try fixture.quarantine.examination(of: store.small.id, extent))
            #expect(try examination.outcome() == .headerDamaged)
            #expect(try await fixture.quarantine.quarantineIfDamaged(store.small.id, extent, now: Fixture.now) == nil)
        }
        #expect(try await fixture.bytes(of: store.small.id, access: store.access) == store.small.bytes)
        try await fixture.close()
    }

    @Test func aRowThatLeadsToAnothersSlotHarmsOnlyItsFile() async throws {
        let store = try await ClosedStore()
        let fixture = try Fixture(in: store.temporary)
        let other = try await fixture.request(Array("other bytes".utf8), access: store.access)
        _ = try await fixture.send(Array("other bytes".utf8), to: other, access: store.access)
        let key = "x'\(other.id.uuid.filter { $0 != "-" })'"
        _ = try fixture.sqlite3(
            "UPDATE files SET locator = (SELECT locator FROM files WHERE id = \(key)) WHERE id = \(store.small.key)")
        #expect(
            try await fixture.quarantine.quarantineIfDamaged(store.small.id, .data, now: Fixture.now) == .wrongDigest)
        #expect(try await fixture.quarantine.quarantineIfDamaged(other.id, .data, now: Fixture.now) == nil)
        #expect(try await fixture.bytes(of: other.id, access: store.access) == Array("other bytes".utf8))
        try await fixture.close()
    }

    /// Behind the pack's end, between two slots, in no pack, and what is no slot.
    @Test(arguments: [
        "substr(locator, 1, 16) || 'ffff0000' || substr(locator, 25)",
        "substr(locator, 1, 16) || '00001001' || substr(locator, 25)",
        "'0000000000000000' || substr(locator, 17)", "substr(locator, 1, 31)", "locator || '0'", "upper(locator)",
        "'a'",
    ])
    func aRowThatLeadsNowhereHarmsNobody(locator: String) async throws {
        let store = try await ClosedStore()
        let fixture = try Fixture(in: store.temporary)
        _ = try fixture.sqlite3("UPDATE files SET locator = CAST(\(locator) AS BLOB) WHERE id = \(store.small.key)")
        #expect(try await fixture.quarantine.quarantineIfDamaged(store.small.id, .data, now: Fixture.now) == .missing)
        #expect(try store.quarantined().isEmpty)
        try await fixture.close()
    }

    @Test func aRowThatHasChangedMeanwhileStays() async throws {
        let store = try await ClosedStore()
        let fixture = try Fixture(in: store.temporary)
        let end = Fixture.now.advanced(bySeconds: FileQuarantine.damagedGraceSeconds)
        for file in store.files {
            let examined = try #require(try fixture.catalog.sealedFile(file.id))
            _ = try fixture.sqlite3("UPDATE files SET uploaded_at = uploaded_at + 1 WHERE id = \(file.key)")
            #expect(try await !fixture.catalog.markDamaged(examined, uploadUntil: end, now: end))
            #expect(try fixture.sqlite3("SELECT sha256 IS NULL FROM files WHERE id = \(file.key)") == "0")
            // What was kept for a file that has gone meanwhile goes, too.
            let kept = try fixture.blobs.keep(examined)
            #expect(kept == .added(file.id.uuid))
            try fixture.blobs.takeBack(kept)
        }
        #expect(try store.quarantined().isEmpty)
        try await fixture.close()
    }

    @Test func whoeverUploadedBeforeTheDamageCannotSealOtherBytes() async throws {
        let store = try await ClosedStore()
        let fixture = try Fixture(in: store.temporary)
        for file in store.files {
            // Nothing was declared of the bytes when this upload began.
            let grant = try #require(UploadGrant(file.record, access: store.access))
            let staged = try fixture.store.stage(grant)
            let other = file.bytes.map { $0 ^ 1 }
            try ClosedStore.flip(file.path, at: file.offset)
            #expect(try await fixture.quarantine.quarantineIfDamaged(file.id, .data, now: Fixture.now) != nil)
            let loop = MultiThreadedEventLoopGroup.singleton.next()
            await #expect(throws: StorageError.self) {
                _ = try await staged.publish(
                    last: ByteBuffer(bytes: other), trailing: [], now: Fixture.now, on: loop
                ).get()
            }
            #expect(try fixture.catalog.sealedFile(file.id) == nil)
            _ = try await fixture.send(file.bytes, to: file.record, access: store.access)
            #expect(try await fixture.bytes(of: file.id, access: store.access) == file.bytes)
        }
        try await fixture.close()
        #expect(try await store.look(.data).lines == [])
    }

    // MARK: Blobs of no file

    @Test func anOrphanIsMovedAndNothingElseIs() async throws {
        let store = try await ClosedStore()
        let fixture = try Fixture(in: store.temporary)
        let shard = Int(store.large.id.shard)
        let directory = URL(filePath: store.large.path).deletingLastPathComponent().path(percentEncoded: false)
        let orphan = try #require(
            FileID(bytes: [UInt8](repeating: 0xAB, count: 15) + [store.large.id.shard]))
        // A blob of a file that was deleted; the sweep has not been there.
        let deleted = try #require(FileID(bytes: [UInt8](repeating: 0xCD, count: 15) + [store.large.id.shard]))
        let note = "INSERT INTO deleted_files (id, deleted_at, forget_after) VALUES"
        _ = try fixture.sqlite3("\(note) (x'\(deleted.uuid.filter { $0 != "-" })', 1, 2)")
        let foreign = ["README", orphan.uuid.uppercased(), orphan.uuid + ".tmp"]
        for name in [orphan.uuid, deleted.uuid] + foreign {
            try Data(name.utf8).write(to: URL(filePath: "\(directory)/\(name)"))
        }
        let (names, orphans) = try await fixture.quarantine.orphans(inShard: shard)
        #expect(names == 6)
        #expect(orphans == [orphan])
        #expect(try await fixture.quarantine.quarantineOrphan(orphan))
        #expect(try await !fixture.quarantine.quarantineOrphan(orphan))
        #expect(try await !fixture.quarantine.quarantineOrphan(store.large.id))
        #expect(try await !fixture.quarantine.quarantineOrphan(deleted))
        let left = Set(try FileManager.default.contentsOfDirectory(atPath: directory))
        #expect(left == Set(foreign + [store.large.id.uuid, deleted.uuid]))
        #expect(try store.quarantined() == [orphan.uuid: Array(orphan.uuid.utf8)])
        try await fixture.close()
    }
}
