import CloakroomCrypto
import CloakroomDomain
import NIOCore
import Testing

@testable import CloakroomDisk
@testable import CloakroomSQLite
@testable import CloakroomStore

/// A pack whose slots' rows are not all committed is not ended: a start would not look for seals in it.
extension PackTests {
    /// Adds a body to a pack, and returns what keeps the pack from being ended.
    private static func pack(_ seed: Int, _ fixture: Fixture) async throws -> StoredBody {
        // Two fit into a pack.
        let bytes = Self.bytes(seed, count: 60_000)
        let id = try fixture.nextID()
        let body = fixture.blobs.stage(
            StagingRequest(
                id: id, length: .exactly(ByteCount(inMemory: bytes.count)), checksums: [], algorithms: [],
                keepsBytes: true))
        let finished = try await body.finish(last: [ByteBuffer(bytes: bytes)], trailing: [], declared: nil)
        let seal = FileRecord.Seal(sha256: finished.digest, uploadedAt: Fixture.now)
        guard case .stored(let stored) = try await body.store(id, seal, .bytesFirst) else {
            throw StorageError.failed("the body was not packed")
        }
        return stored
    }

    /// Lets everything come to its end that ends packs.
    private static func settle(_ fixture: Fixture) async throws {
        for _ in 0..<2 {
            try await fixture.catalog.checkWritable()
            await withCheckedContinuation { continuation in
                fixture.blobs.packs.writer.help { continuation.resume() }
            }
        }
    }

    private static func fullPacks(_ fixture: Fixture) throws -> Int {
        try Self.packs(fixture).count { try Self.length($0) == Int(Fixture.packLength) }
    }

    @Test func aPackIsEndedOnceItsRowsAreCommitted() async throws {
        let fixture = try Fixture()
        var stored = [try await Self.pack(1, fixture), try await Self.pack(2, fixture)]
        // The third one goes into another pack, so that the first is to be ended.
        _ = try await Self.pack(3, fixture)
        try await Self.settle(fixture)
        #expect(try Self.fullPacks(fixture) == 2)
        stored.removeFirst()
        try await Self.settle(fixture)
        #expect(try Self.fullPacks(fixture) == 2)
        stored = []
        try await Self.settle(fixture)
        #expect(try Self.fullPacks(fixture) == 1)
        try await fixture.close()
        #expect(try Self.fullPacks(fixture) == 0)
    }

    @Test func aStopLeavesAPackWhoseRowsAreNotCommitted() async throws {
        let fixture = try Fixture()
        let stored = try await Self.pack(1, fixture)
        try await fixture.close()
        #expect(try Self.fullPacks(fixture) == 1)
        withExtendedLifetime(stored) {}
    }
}
