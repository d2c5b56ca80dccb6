import CloakroomCrypto
import CloakroomDomain
import NIOPosix
import NIOPosix
import Testing

import Glibc

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

/// Blobs kept open for reading: never one that has lost its name.
struct OpenBlobCacheTests {
    private static func id(_ number: UInt64) -> FileID { FileID(milliseconds: 1, sequence: 0, random: number) }

    private static func blob() throws -> any OpenBlob {
        let moment = Timestamp(secondsSinceEpoch: 0)
        let representation = try #require(
            Representation(contentType: "text/plain", filename: try Filename("empty.txt"), uploadedAt: moment))
        return FileBlob(
            file: try CloakroomSystem.FileDescriptor(at: AT_FDCWD, "/dev/null", flags: O_RDONLY, system: Linux()),
            Placement(
                id: Self.id(1), digest: SHA256.hash([]), locator: nil, size: .zero, expiresAt: nil,
                organization: .default, representation: representation), NIOThreadPool.singleton)
    }

    private static func ticket(_ outcome: OpenBlobCache.Outcome) -> OpenBlobCache.Ticket? {
        if case .miss(let ticket) = outcome { ticket } else { nil }
    }

    private static func isHit(_ outcome: OpenBlobCache.Outcome) -> Bool {
        self.ticket(outcome) == nil
    }

    @Test
    func aBlobIsFoundUntilItIsForgotten() throws {
        let cache = OpenBlobCache(capacity: 64)
        let ticket = try #require(Self.ticket(cache.find(Self.id(1))))
        cache.keep(try Self.blob(), Self.id(1), ticket)
        #expect(Self.isHit(cache.find(Self.id(1))))
        cache.forget(Self.id(1))
        #expect(!Self.isHit(cache.find(Self.id(1))))
    }

    @Test
    func anOpeningThatRacedARemovalIsNotKept() throws {
        let cache = OpenBlobCache(capacity: 64)
        let ticket = try #require(Self.ticket(cache.find(Self.id(1))))
        // Opened here, while somebody else removes the name.
        cache.forget(Self.id(1))
        cache.keep(try Self.blob(), Self.id(1), ticket)
        #expect(!Self.isHit(cache.find(Self.id(1))))
    }

    @Test
    func noMoreAreKeptThanThereIsRoomFor() throws {
        let cache = OpenBlobCache(capacity: 64)
        for number in 0..<1_000 {
            let id = Self.id(UInt64(number))
            let ticket = try #require(Self.ticket(cache.find(id)))
            cache.keep(try Self.blob(), id, ticket)
        }
        let kept = (0..<1_000).count { Self.isHit(cache.find(Self.id(UInt64($0)))) }
        #expect(kept > 0)
        #expect(kept <= 64)
    }

    @Test
    func aDeletedFileIsNotReadFromAnOpenBlob() async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        let bytes = Array("hello world".utf8)
        let record = try await fixture.request(bytes, access: access)
        _ = try await fixture.send(bytes, to: record, access: access)
        let current = try fixture.store.record(record.id, access: access, now: Fixture.now)
        let grant = try #require(DownloadGrant(current, access: access, expiresAt: Fixture.now))
        let open = try fixture.store.open(grant, now: Fixture.now)
        try await fixture.storage.deletions.delete(record.id, access: access, now: Fixture.now)
        #expect(throws: StorageError.notFound) { try fixture.store.open(grant, now: Fixture.now) }
        // Whoever was reading reads on.
        #expect(open.placement.size.bytes == Int64(bytes.count))
        try await fixture.close()
    }
}
