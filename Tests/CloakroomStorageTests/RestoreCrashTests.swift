import CloakroomDomain
import Glibc
import Testing

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

/// The power is cut at the calls of a restoration, and calls of it fail: what is there then is a whole store or none.
///
/// `CLOAKROOM_CRASH_SEEDS` tries each call, with all losses and so many seeds.
struct RestoreCrashTests {
    /// What there is of the data directory.
    enum Target: String, CaseIterable, CustomTestStringConvertible {
        case missing, empty

        var testDescription: String { self.rawValue }
    }

    /// A disk with backups and a lost store.
    private struct Prepared {
        let disk: SimulatedDisk
        let backup: String
        /// What had been promised when the last backup was begun.
        let ledger: Ledger

        init(_ target: Target) async throws {
            let run = try await PreparedBackup(.second).start()
            self.backup = try await PreparedBackup.backUp(on: run.machine)
            self.ledger = run.ledger
            await run.service.end()
            try run.machine.loseData()
            if target == .empty { try Directory.create(path: run.machine.dataPath, system: run.machine) }
            self.disk = run.machine.disk.afterPowerCut(.nothing)
        }
    }

    private static func restore(on machine: SimulatedMachine) throws(BackupError) {
        _ = try Restore(from: machine.backupsPath, system: machine).run(to: machine.dataPath, now: Fixture.now)
    }

    // MARK: Power cuts

    @Test(arguments: Target.allCases)
    func everyPowerCutIsSurvived(_ target: Target) async throws {
        let prepared = try await Prepared(target)
        var points = 0
        for sweep in CrashSweep.all(removesDirectories: false) {
            var call = 1
            while true {
                let machine = SimulatedMachine(disk: prepared.disk, seed: 2)
                machine.set(sweep.trap(at: call))
                let isDone = (try? Self.restore(on: machine)) != nil
                let name = "\(target), cut at call \(call) of \(sweep)"
                #expect(isDone != machine.isOff, "\(name): restored, or the power was cut")
                for loss in machine.isOff ? CrashSweep.losses(at: points) : [.everything] {
                    let left = Self.left(by: machine, loss)
                    await Self.hold(prepared, left, isDone: isDone, "\(name), \(loss)")
                }
                guard machine.isOff else { break }
                points += 1
                call += sweep.stride
            }
        }
        // The cut has to have hit something, or nothing was tested.
        #expect(points > 20)
        print("restore, \(target): \(points) crash points survived")
    }

    /// What a power cut leaves, and another one during the next attempt where chance will have it.
    private static func left(by machine: SimulatedMachine, _ loss: SimulatedDisk.Loss) -> SimulatedDisk {
        let left = machine.disk.afterPowerCut(loss)
        guard case .some(let seed) = loss else { return left }
        var dice = SeededGenerator(seed: seed)
        let next = SimulatedMachine(disk: left, seed: 3)
        next.set(.init(fault: .powerCut, call: Int.random(in: 1...700, using: &dice), counted: .changes))
        try? Self.restore(on: next)
        return next.disk.afterPowerCut(loss)
    }

    /// Restores again what is no store yet, and starts what is.
    private static func hold(_ prepared: Prepared, _ disk: SimulatedDisk, isDone: Bool, _ context: String) async {
        do {
            let machine = SimulatedMachine(disk: disk, seed: 4)
            #expect(!machine.isStore("data.restoring"), "\(context): half a store can be started")
            let isStore = machine.isStore("data")
            #expect(isStore || !isDone, "\(context): the restored store is gone")
            if isStore {
                #expect(throws: BackupError.notEmpty(path: machine.dataPath), "\(context)") {
                    try Self.restore(on: machine)
                }
            } else {
                try Self.restore(on: machine)
            }
            let left = machine.disk.afterPowerCut(.everything)
            let survivor = SimulatedMachine(disk: left, seed: 5)
            #expect(survivor.names("..").sorted() == ["backups", "data"], "\(context): something is left")
            prepared.ledger.hold(copy: "data", on: survivor, context)
            prepared.ledger.hold(backup: prepared.backup, on: survivor, context)
            try await prepared.ledger.hold(startOn: left, context)
        } catch {
            Issue.record("\(context): \(error)")
        }
    }

    /// As `mkdir` leaves it.
    @Test func anEmptyDirectoryGetsADurableName() async throws {
        let prepared = try await Prepared(.missing)
        let machine = SimulatedMachine(disk: prepared.disk, seed: 2)
        try machine.makeDirectory(at: AT_FDCWD, machine.dataPath, mode: 0o700)
        try Self.restore(on: machine)
        let survivor = SimulatedMachine(disk: machine.disk.afterPowerCut(.everything), seed: 5)
        #expect(survivor.isStore("data"))
        prepared.ledger.hold(copy: "data", on: survivor, "after a power cut")
    }

    // MARK: Failing calls

    /// But for flushes: after a failed one the page cache shows what the disk will never have, and nothing helps.
    @Test(arguments: Target.allCases)
    func whatFailsLeavesNoHalfStore(_ target: Target) async throws {
        let prepared = try await Prepared(target)
        var call = 1
        while true {
            let machine = SimulatedMachine(disk: prepared.disk, seed: 2)
            machine.set(
                .init(fault: .failure(EIO), call: call, of: [.openat, .renameat, .unlinkat], counted: .changes))
            let isDone = (try? Self.restore(on: machine)) != nil
            guard machine.hits > 0 else {
                #expect(isDone)
                break
            }
            for seed in 0..<UInt64(8) {
                let loss = SimulatedDisk.Loss.some(seed: seed)
                let survivor = SimulatedMachine(disk: machine.disk.afterPowerCut(loss), seed: 4)
                for name in ["data", "data.restoring"] where survivor.isStore(name) {
                    prepared.ledger.hold(copy: name, on: survivor, "\(target), EIO at call \(call), \(loss)")
                }
            }
            call += 1
        }
        #expect(call > 10)
    }
}
