import CloakroomDomain
import Foundation
import Glibc
import Testing

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

/// Calls of a kind at which the power is cut, of a backup or of a restoration.
struct CrashSweep: CustomStringConvertible {
    let calls: Set<SystemCall>
    /// At every so-manieth: hundreds of directories and of the catalogue's pages are one like the other.
    var stride = 1

    var description: String { self.calls.map(\.rawValue).sorted().joined(separator: ", ") }

    private static let seeds = ProcessInfo.processInfo.environment["CLOAKROOM_CRASH_SEEDS"].flatMap { UInt64($0) }

    /// Whether each call is tried, with all losses.
    static var isThorough: Bool { self.seeds != nil }

    /// All calls after which a power cut can find something else than before.
    static func all(removesDirectories: Bool) -> [CrashSweep] {
        func stride(_ length: Int) -> Int { self.isThorough ? 1 : length }
        return [
            CrashSweep(calls: [.fsync, .renameat, .linkat]),
            CrashSweep(calls: [.openat, .ftruncate, .fallocate, .ioctl]),
            CrashSweep(calls: [.write], stride: stride(9)),
            CrashSweep(calls: [.mkdirat], stride: stride(64)),
            CrashSweep(calls: [.unlinkat], stride: removesDirectories ? stride(64) : 1),
        ]
    }

    /// What becomes of what no flush has covered: all of it is lost, some, or none, in turns.
    static func losses(at point: Int) -> [SimulatedDisk.Loss] {
        if let seeds { return [.everything, .nothing] + (0..<seeds).map { .some(seed: $0) } }
        switch point % 4 {
        case 1: return [.nothing]
        case 3: return [.some(seed: UInt64(point))]
        default: return [.everything]
        }
    }

    func trap(at call: Int) -> SimulatedMachine.Trap {
        .init(fault: .powerCut, call: call, of: self.calls, counted: .changes)
    }
}

/// The power is cut at the calls of a backup: what it copies is as it was, and what has a backup's name is one.
///
/// `CLOAKROOM_CRASH_SEEDS` tries each call, with all losses and so many seeds.
struct BackupCrashTests {
    @Test(arguments: [BackupScenario.intoNothing, .second, .afterInterruption])
    func everyPowerCutIsSurvived(_ scenario: BackupScenario) async throws {
        let prepared = try await PreparedBackup(scenario)
        var points = 0
        for sweep in CrashSweep.all(removesDirectories: scenario == .afterInterruption) {
            var call = 1
            while true {
                let left = try await Self.run(prepared, sweep.trap(at: call))
                let name = "\(scenario), cut at call \(call) of \(sweep)"
                left.holdName(name)
                for loss in left.isCut ? CrashSweep.losses(at: points) : [.everything] {
                    let restores = CrashSweep.isThorough || points.isMultiple(of: 8) || !left.isCut
                    await left.hold(loss, restores: restores, "\(name), \(loss)")
                }
                guard left.isCut else { break }
                points += 1
                call += sweep.stride
            }
        }
        // The cut has to have hit something, or nothing was tested.
        #expect(points > 20)
        print("backup \(scenario): \(points) crash points survived")
    }

    private static func run(
        _ prepared: PreparedBackup, _ trap: SimulatedMachine.Trap
    ) async throws -> LeftByPowerCut {
        let run = try await prepared.start()
        run.machine.set(trap)
        var made: String?
        do {
            made = try await PreparedBackup.backUp(on: run.machine)
        } catch {
            if !run.machine.isOff { Issue.record("no backup, and no power cut: \(error)") }
        }
        // The server's own end is not what is tried.
        run.machine.set(nil)
        await run.service.end()
        return LeftByPowerCut(prepared: prepared, machine: run.machine, ledger: run.ledger, made: made)
    }

    /// As `mkdir` leaves it, or a run that was killed just after it had made it.
    @Test func aDirectoryOfBackupsGetsADurableName() async throws {
        let run = try await PreparedBackup(.intoNothing).start()
        try run.machine.makeDirectory(at: AT_FDCWD, run.machine.backupsPath, mode: 0o700)
        let name = try await PreparedBackup.backUp(on: run.machine)
        await run.service.end()
        let machine = SimulatedMachine(disk: run.machine.disk.afterPowerCut(.everything), seed: 4)
        #expect(machine.backups == [name])
        run.ledger.hold(backup: name, on: machine, "after a power cut")
    }
}

/// A machine whose power was cut while a backup was made, or just after.
private struct LeftByPowerCut {
    let prepared: PreparedBackup
    let machine: SimulatedMachine
    /// What had been promised when the backup was begun; nothing has been since.
    let ledger: Ledger
    /// The backup's name, if that was told.
    let made: String?

    var isCut: Bool { self.machine.isOff }

    /// Tries the name with many losses, as soon as there may be one.
    func holdName(_ context: String) {
        guard self.isCut, self.machine.backups.contains(self.prepared.name) else { return }
        for seed in 0..<UInt64(64) {
            let loss = SimulatedDisk.Loss.some(seed: seed)
            let machine = SimulatedMachine(disk: self.machine.disk.afterPowerCut(loss), seed: 4)
            self.holdBackups(machine, "\(context), \(loss)")
        }
    }

    /// Looks at what is left, makes a backup of it, and holds the server to what it promised.
    ///
    /// - Parameters:
    ///   - loss: What becomes of what no flush has covered.
    ///   - restores: Whether each backup is restored, too.
    ///   - context: For whoever reads of a failure.
    func hold(_ loss: SimulatedDisk.Loss, restores: Bool, _ context: String) async {
        do {
            var left = self.machine.disk.afterPowerCut(loss)
            if case .some(let seed) = loss { left = try await Self.interruptAnother(left, seed).afterPowerCut(loss) }
            let machine = SimulatedMachine(disk: left, seed: 4)
            self.holdBackups(machine, context)
            let service = try await SimulatedService.start(on: machine)
            let repeated = await self.makeAnother(service, context)
            do { try await Ledger(self.ledger).hold(service, context) } catch { Issue.record("\(context): \(error)") }
            await service.end()
            guard restores, let repeated else { return }
            for name in SimulatedMachine(disk: repeated, seed: 5).backups {
                try await self.ledger(of: name).hold(restored: name, on: repeated, context)
            }
        } catch {
            Issue.record("\(context): \(error)")
        }
    }

    /// Makes another backup, and returns the disk after a power cut.
    private func makeAnother(_ service: SimulatedService, _ context: String) async -> SimulatedDisk? {
        do {
            let name = try await PreparedBackup.backUp(on: service.machine)
            let disk = service.machine.disk.afterPowerCut(.everything)
            let machine = SimulatedMachine(disk: disk, seed: 5)
            #expect(machine.backups.last == name, "\(context): the repeated backup is not there")
            #expect(service.machine.names("../backups").sorted() == machine.backups, "\(context): something is left")
            self.holdBackups(machine, "\(context), repeated")
            return disk
        } catch {
            Issue.record("\(context): the repeated backup failed: \(error)")
            return nil
        }
    }

    /// Makes another backup, and cuts the power where chance will have it.
    private static func interruptAnother(_ disk: SimulatedDisk, _ seed: UInt64) async throws -> SimulatedDisk {
        var dice = SeededGenerator(seed: seed)
        let machine = SimulatedMachine(disk: disk, seed: 3)
        let service = try await SimulatedService.start(on: machine)
        machine.set(.init(fault: .powerCut, call: Int.random(in: 1...700, using: &dice), counted: .changes))
        _ = try? await PreparedBackup.backUp(on: machine)
        machine.set(nil)
        await service.end()
        return machine.disk
    }

    /// Holds each backup to what had been promised when it was begun.
    private func holdBackups(_ machine: SimulatedMachine, _ context: String) {
        let names = machine.backups
        let wanted = Set(self.prepared.earlier.keys).union(self.made.map { [$0] } ?? [])
        #expect(wanted.isSubset(of: names), "\(context): of \(wanted) only \(names) are there")
        for name in names { self.ledger(of: name).hold(backup: name, on: machine, context) }
    }

    private func ledger(of name: String) -> Ledger { self.prepared.earlier[name] ?? self.ledger }
}
