import CloakroomDomain
import Glibc
import Testing

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

/// The power is cut at every call of a quarantine, and a check puts right what is left.
struct QuarantineCrashTests {
    /// A service with a ready file that has a wrong bit, and another file that is whole.
    private struct Run {
        let machine: SimulatedMachine
        let service: SimulatedService
        let id: FileID
        let bytes: [UInt8]
        let otherID: FileID
        let otherBytes: [UInt8]

        var damaged: [UInt8] {
            var bytes = self.bytes
            bytes[bytes.count / 2] ^= 1
            return bytes
        }
    }

    /// A disk on which a service has started once.
    private static func emptyDisk() async throws -> SimulatedDisk {
        let machine = SimulatedMachine()
        let service = try await SimulatedService.start(on: machine)
        await service.end()
        return machine.disk.afterPowerCut(.nothing)
    }

    // By its size the damaged file is packed or not; while the pack is active, slots are still being added to it.
    private static func begin(_ disk: SimulatedDisk, size: Int, isActive: Bool) async throws -> Run {
        var machine = SimulatedMachine(disk: disk, seed: 2)
        var service = try await SimulatedService.start(on: machine)
        let (bytes, otherBytes) = (Scenario.body(size, 3), Scenario.body(3_000, 5))
        let (id, otherID) = (try await service.declare(bytes).id, try await service.declare(otherBytes).id)
        try await service.send(bytes, to: id)
        try await service.send(otherBytes, to: otherID)
        // Else a power cut could take the row, too.
        try await service.catalog.makeDurable()
        if !isActive {
            await service.end()
            machine = SimulatedMachine(disk: machine.disk.afterPowerCut(.nothing), seed: 3)
            service = try await SimulatedService.start(on: machine)
        }
        try self.damage(id, service, size: size)
        return Run(machine: machine, service: service, id: id, bytes: bytes, otherID: otherID, otherBytes: otherBytes)
    }

    /// Changes a bit on the disk.
    private static func damage(_ id: FileID, _ service: SimulatedService, size: Int) throws {
        let slot = try service.catalog.slot(id)
        let name = slot.map { "packs/\($0.pack.fileName)" } ?? "\(BlobStore.shardName(Int(id.shard)))/\(id.uuid)"
        let file = try FileDescriptor(
            at: AT_FDCWD, "\(service.machine.dataPath)/blobs/\(name)", flags: O_RDWR, system: service.machine)
        let offset = (slot?.bodyOffset ?? 0) + Int64(size / 2)
        let found = try file.read(count: 1, at: offset)
        let byte = try #require(found.first)
        try file.writeAll([byte ^ 1], at: offset)
        try file.synchronize()
    }

    private static func losses(at point: Int) -> [SimulatedDisk.Loss] {
        [.everything, point.isMultiple(of: 3) ? .nothing : .some(seed: UInt64(point))]
    }

    @Test(arguments: [2_000, 70_000], [true, false])
    func everyPowerCutIsSurvived(size: Int, isActive: Bool) async throws {
        let disk = try await Self.emptyDisk()
        var points = 0
        while true {
            let run = try await Self.begin(disk, size: size, isActive: isActive)
            run.machine.set(.init(fault: .powerCut, call: points + 1, counted: .changes))
            _ = try? await run.service.quarantine.quarantineIfDamaged(run.id, .data, now: Fixture.now)
            await run.service.end()
            for loss in Self.losses(at: points) {
                let name = "cut at call \(points + 1), \(loss)"
                do {
                    try await Self.hold(run.machine.disk.afterPowerCut(loss), run, name)
                } catch {
                    Issue.record("\(name): \(error)")
                }
            }
            guard run.machine.isOff else { break }
            points += 1
        }
        // The cut has to have hit something, or nothing was tested.
        #expect(points > 3)
    }

    /// Repairs what is left, looks again, and sends the bytes again.
    private static func hold(_ disk: SimulatedDisk, _ run: Run, _ name: String) async throws {
        let machine = SimulatedMachine(disk: disk, seed: 4)
        do {
            let directory = try DataDirectory(path: machine.dataPath, exclusively: true, system: machine)
            let report = try await ClosedStore.repair(directory, .data)
            let kinds: Set<Finding.Kind> = [.damaged, .unreferenced]
            let counted = report.findings.filter(\.kind.counts)
            let areRepaired = counted.allSatisfy { kinds.contains($0.kind) && $0.repair != nil }
            #expect(areRepaired, "\(name): \(report.lines)")
        }
        do {
            let directory = try DataDirectory(path: machine.dataPath, exclusively: true, system: machine)
            #expect(try await ClosedStore.look(directory, .data, patience: .zero).lines == [], "\(name)")
        }
        let service = try await SimulatedService.start(on: machine)
        let found = try await service.bytes(of: run.id)
        #expect(found?.count == nil, "\(name): a damaged file can be read")
        // Its bytes are kept, once.
        #expect(machine.names("blobs/quarantine") == [run.id.uuid], "\(name)")
        let isKept = machine.content("blobs/quarantine/\(run.id.uuid)")?.bytes == run.damaged
        #expect(isKept, "\(name): what was kept differs")
        await #expect(throws: StorageError.self, "\(name)") { try await service.send(run.damaged, to: run.id) }
        try await service.send(run.bytes, to: run.id)
        for (id, bytes) in [(run.id, run.bytes), (run.otherID, run.otherBytes)] {
            let isRight = try await service.bytes(of: id) == bytes
            #expect(isRight, "\(name): the bytes of \(id) differ")
        }
        await service.end()
    }
}
