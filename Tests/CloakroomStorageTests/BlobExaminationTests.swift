import CloakroomDomain
import Glibc
import Testing

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

/// What a failing call tells of a file's bytes.
struct BlobExaminationTests {
    /// In a pack, in a file of its own, and in several pieces.
    private static let sizes = [2_000, 70_000, 1_100_000]

    private static func bytes(_ size: Int) -> [UInt8] { Scenario.body(size, 3) }

    /// A service with one file, as its row says.
    private static func service(_ size: Int) async throws -> (SimulatedService, SealedFile) {
        let bytes = Self.bytes(size)
        let service = try await SimulatedService.start(on: SimulatedMachine())
        let id = try await service.declare(bytes).id
        try await service.send(bytes, to: id)
        return (service, try #require(try service.catalog.sealedFile(id)))
    }

    private static func examine(_ file: SealedFile, _ service: SimulatedService) throws -> BlobExamination.Outcome {
        try BlobExamination(file, in: service.blobs.tree, .data).outcome()
    }

    @Test(arguments: Self.sizes)
    func piecesMakeAWhole(size: Int) async throws {
        let (service, file) = try await Self.service(size)
        let examination = BlobExamination(file, in: service.blobs.tree, .data)
        var counts: [Int] = []
        while true {
            let progress = try examination.readNext()
            counts.append(progress.count)
            guard let outcome = progress.outcome else { continue }
            #expect(outcome == .whole)
            break
        }
        #expect(counts.reduce(0, +) == size)
        #expect(counts.allSatisfy { $0 <= 262_144 })
        #expect(counts.count == (size + 262_143) / 262_144)
        await service.end()
    }

    /// Any of its reads fails, with what the disk or the file system says; the second look finds the bytes.
    @Test(arguments: Self.sizes, [EIO, EUCLEAN, EBADMSG])
    func anErrorOfTheDiskCountsOnlyIfItRepeats(size: Int, code: Int32) async throws {
        let (service, file) = try await Self.service(size)
        var unreadable = 0
        for call in 1... {
            service.machine.set(.init(fault: .failure(code), call: call, of: [.read]))
            let outcome = try Self.examine(file, service)
            let isHit = service.machine.hits > 0
            service.machine.set(nil)
            if case .damaged(.unreadable) = outcome { unreadable += 1 } else { #expect(outcome == .whole) }
            guard isHit else { break }
        }
        #expect(unreadable > 0)
        let damage = try await service.quarantine.quarantineIfDamaged(file.id, .data, now: Fixture.now)
        #expect(damage == nil)
        #expect(try await service.bytes(of: file.id) == Self.bytes(size))
        #expect(service.machine.names("blobs/quarantine").isEmpty)
        await service.end()
    }

    @Test(arguments: Self.sizes)
    func anErrorThatStaysIsDamage(size: Int) async throws {
        let (service, file) = try await Self.service(size)
        service.machine.set(.init(fault: .failure(EIO), call: 1, of: [.read], stays: true))
        for _ in 0..<2 {
            guard case .damaged(.unreadable) = try Self.examine(file, service) else {
                Issue.record("an unreadable blob passes")
                continue
            }
        }
        service.machine.set(nil)
        await service.end()
    }

    @Test(arguments: Self.sizes, [EMFILE, ENFILE, ENOMEM, EACCES])
    func aLackOfSomethingElseIsNoDamage(size: Int, code: Int32) async throws {
        let (service, file) = try await Self.service(size)
        service.machine.set(.init(fault: .failure(code), call: 1, of: [.openat]))
        #expect(throws: StorageError.self) { try Self.examine(file, service) }
        #expect(service.machine.hits == 1)
        service.machine.set(nil)
        #expect(try Self.examine(file, service) == .whole)
        await service.end()
    }
}
