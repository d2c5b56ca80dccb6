import CloakroomDomain
import Foundation
import Testing

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

/// Calls of a backup fail, once or from then on: there is a backup or an error, and the store and the backups before
/// are as they were.
///
/// `CLOAKROOM_FAULT_STRIDE` says at which calls: at every so-manieth, by default at every sixty-first; 1 is all.
struct BackupFaultTests {
    private static let stride =
        ProcessInfo.processInfo.environment["CLOAKROOM_FAULT_STRIDE"].flatMap { Int($0) } ?? 61

    @Test(arguments: [BackupScenario.intoEmptyDirectory, .second])
    func everyFailureIsSurvived(_ scenario: BackupScenario) async throws {
        let prepared = try await PreparedBackup(scenario)
        var (tried, failures) = (0, 0)
        // Each scenario begins elsewhere, so that both together come by every kind of call.
        try await FaultyCall.each(stride: Self.stride, turn: scenario == .second ? 0 : Self.stride / 2) { faulty in
            let outcome = try await Self.run(prepared, faulty, starts: tried.isMultiple(of: 4), "\(scenario)")
            guard outcome != .notHit else { return false }
            tried += 1
            if outcome == .failed { failures += 1 }
            return true
        }
        #expect(failures > 0 && failures < tried)
        print("backup \(scenario): \(tried) faults survived, \(failures) times there was no backup")
    }

    private enum Outcome {
        case notHit
        case made
        case failed
    }

    private static func run(
        _ prepared: PreparedBackup, _ failing: FaultyCall, starts: Bool, _ scenario: String
    ) async throws -> Outcome {
        let name = "\(scenario), \(failing)"
        let run = try await prepared.start()
        run.machine.set(failing.trap)
        var backups = prepared.earlier
        var failure: String?
        do {
            let made = try await PreparedBackup.backUp(on: run.machine)
            backups[made] = run.ledger
        } catch {
            failure = "\(error)"
        }
        let isHit = run.machine.hits > 0
        run.machine.set(nil)
        if failing.injected.isTransparent || !isHit {
            #expect(failure == nil, "\(name): \(failure ?? "")")
        }
        try await self.holdSource(run, name)
        do {
            let repeated = try await PreparedBackup.backUp(on: run.machine)
            backups[repeated] = run.ledger
            let rubbish = run.machine.names("../backups").filter { !run.machine.backups.contains($0) }
            #expect(rubbish.isEmpty, "\(name): something is left: \(rubbish)")
        } catch {
            Issue.record("\(name): the repeated backup failed: \(error)")
        }
        await run.service.end()
        guard isHit else { return .notHit }
        let left = run.machine.disk.afterPowerCut(.everything)
        self.hold(backups, left, run.ledger, name + ", and a power cut")
        if starts { try await run.ledger.hold(startOn: left, name + ", and a power cut") }
        return failure == nil ? .made : .failed
    }

    /// The server beside it goes on as if there had been no backup.
    private static func holdSource(_ run: PreparedBackup.Run, _ name: String) async throws {
        #expect(run.service.health.reasonToRejectWrites == nil, "\(name)")
        for (id, bytes) in run.ledger.ready {
            let isRight = try await run.service.bytes(of: id) == bytes
            #expect(isRight, "\(name): a ready file cannot be read: \(id)")
        }
    }

    /// Backups of which somebody was told are there, and all are whole.
    private static func hold(
        _ backups: [String: Ledger], _ disk: SimulatedDisk, _ ledger: Ledger, _ name: String
    ) {
        let machine = SimulatedMachine(disk: disk, seed: 5)
        let names = machine.backups
        #expect(Set(backups.keys).isSubset(of: names), "\(name): of \(backups.keys.sorted()) only \(names) are there")
        for backup in names { (backups[backup] ?? ledger).hold(backup: backup, on: machine, name) }
    }
}
