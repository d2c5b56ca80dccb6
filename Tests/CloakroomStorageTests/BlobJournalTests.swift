import CloakroomCrypto
import CloakroomDomain
import Foundation
import Testing

@testable import CloakroomStorage

@Suite("The journal of small blobs")
struct BlobJournalTests {
    /// What a power cut makes of a file that had not been flushed.
    enum Damage: CaseIterable {
        case gone, empty, torn, zeros, longer

        func apply(to path: String) throws {
            let url = URL(filePath: path)
            let bytes = try Data(contentsOf: url)
            switch self {
            case .gone: try FileManager.default.removeItem(at: url)
            case .empty: try Data().write(to: url)
            case .torn: try bytes.prefix(bytes.count / 2).write(to: url)
            case .zeros: try Data(count: bytes.count).write(to: url)
            case .longer: try (bytes + Data([0])).write(to: url)
            }
        }
    }

    private static func bytes(_ seed: Int, count: Int = 5_000) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: ($0 &+ seed) &* 31) }
    }

    @Test(arguments: Damage.allCases)
    func whatACrashDamagedIsPutRightAtTheNextStart(_ damage: Damage) async throws {
        let temporary = try TemporaryDirectory()
        let access = try Fixture.access()
        var ids: [FileID] = []
        do {
            let fixture = try Fixture(in: temporary)
            // More than a segment holds: the journal has gone on in the other.
            for seed in 0..<40 {
                let record = try await fixture.request(Self.bytes(seed), access: access)
                _ = try await fixture.send(Self.bytes(seed), to: record, access: access)
                ids.append(record.id)
            }
            try await fixture.crash()
            for id in ids.suffix(10) { try damage.apply(to: fixture.blobPath(id)) }
        }
        let fixture = try Fixture(in: temporary)
        try await fixture.store.recover()
        for (seed, id) in ids.enumerated() {
            #expect(try await fixture.bytes(of: id, access: access) == Self.bytes(seed))
        }
        // Recovered once and for all: the records have been forgotten.
        var count = 0
        try fixture.blobs.journal?.forEachRecord { _ in count += 1 }
        #expect(count == 0)
        try await fixture.close()
    }

    @Test
    func whatWasNotAcknowledgedIsRemovedAndCanBeSentAgain() async throws {
        let temporary = try TemporaryDirectory()
        let access = try Fixture.access()
        let bytes = Self.bytes(1)
        let record: FileRecord
        do {
            let fixture = try Fixture(in: temporary)
            record = try await fixture.request(bytes, access: access)
            let journal = try #require(fixture.blobs.journal)
            let appended = try bytes.withUnsafeBytes { try journal.append(record.id, SHA256.hash(bytes), $0) }
            let entry = try #require(appended)
            // The file has its name and a part of its bytes, and the row is pending: a power cut.
            try Data(bytes.prefix(100)).write(to: URL(filePath: fixture.blobPath(record.id)))
            journal.applied(entry)
            try await fixture.crash()
        }
        let fixture = try Fixture(in: temporary)
        try await fixture.store.recover()
        #expect(!FileManager.default.fileExists(atPath: fixture.blobPath(record.id)))
        _ = try await fixture.send(bytes, to: record, access: access)
        #expect(try await fixture.bytes(of: record.id, access: access) == bytes)
        try await fixture.close()
    }

    @Test
    func aDeletedFileStaysDeleted() async throws {
        let temporary = try TemporaryDirectory()
        let access = try Fixture.access()
        let path: String
        do {
            let fixture = try Fixture(in: temporary)
            let record = try await fixture.request(Self.bytes(1), access: access)
            _ = try await fixture.send(Self.bytes(1), to: record, access: access)
            try await fixture.store.delete(record.id, access: access, now: Fixture.now)
            path = fixture.blobPath(record.id)
            try await fixture.crash()
        }
        let fixture = try Fixture(in: temporary)
        try await fixture.store.recover()
        #expect(!FileManager.default.fileExists(atPath: path))
        try await fixture.close()
    }

    @Test
    func aTornRecordEndsItsSegment() async throws {
        let temporary = try TemporaryDirectory()
        let path = temporary.path + "/data/blobs/journal"
        let access = try Fixture.access()
        do {
            let fixture = try Fixture(in: temporary)
            for seed in 0..<3 {
                let record = try await fixture.request(Self.bytes(seed), access: access)
                _ = try await fixture.send(Self.bytes(seed), to: record, access: access)
            }
            try await fixture.crash()
        }
        let file = try FileHandle(forUpdating: URL(filePath: path))
        // The last byte of the third record's body.
        try file.seek(toOffset: UInt64(2 * BlobJournalRecord.length(bodyLength: 5_000) + 128 + 4_999))
        try file.write(contentsOf: [0xFF])
        try file.close()
        let fixture = try Fixture(in: temporary)
        var bodies: [[UInt8]] = []
        try fixture.blobs.journal?.forEachRecord { bodies.append(Array($0.body)) }
        #expect(bodies == [Self.bytes(0), Self.bytes(1)])
        try await fixture.close()
    }

    @Test
    func segmentsTakeTurnsUnderConcurrentUploads() async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        let ids = try await withThrowingTaskGroup(of: (Int, FileID).self) { group in
            for seed in 0..<200 {
                group.addTask {
                    let bytes = Self.bytes(seed, count: 1 + seed * 80)
                    let record = try await fixture.request(bytes, access: access)
                    _ = try await fixture.send(bytes, to: record, access: access)
                    return (seed, record.id)
                }
            }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        for (seed, id) in ids {
            #expect(try await fixture.bytes(of: id, access: access) == Self.bytes(seed, count: 1 + seed * 80))
        }
        try await fixture.close()
    }
}
