import CloakroomDomain
import Foundation
import Glibc
import Testing

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

/// Every call fails, once or from then on, and what was promised is held against what is found then: by the same
/// process where it still takes writes, by the next one, and after a power cut.
///
/// `CLOAKROOM_FAULT_STRIDE` says at which calls: at every so-manieth, by default at every fifth; 1 is all.
struct FaultTests {
    private static let stride =
        ProcessInfo.processInfo.environment["CLOAKROOM_FAULT_STRIDE"].flatMap { Int($0) } ?? 5

    private static let scenarios = Scenario.allCases.filter { !$0.isStart && $0 != .stop }

    @Test(arguments: Self.scenarios)
    func everyFailureIsSurvived(_ scenario: Scenario) async throws {
        let prepared = try await PreparedScenario(scenario)
        var (tried, rejections) = (0, 0)
        // Each scenario begins elsewhere, so that all of them together come by every kind of call.
        let turn = Scenario.allCases.firstIndex(of: scenario) ?? 0
        try await FaultyCall.each(stride: Self.stride, turn: turn) { faulty in
            let outcome = try await Self.run(prepared, faulty, "\(scenario), \(faulty)")
            guard outcome != .notHit else { return false }
            tried += 1
            if outcome == .refusedWrites { rejections += 1 }
            return true
        }
        #expect(tried > 0)
        print("\(scenario): \(tried) faults survived, \(rejections) times writes were refused until a restart")
    }

    private enum Outcome {
        case notHit
        case goesOn
        case refusedWrites
    }

    private static func run(
        _ prepared: PreparedScenario, _ faulty: FaultyCall, _ name: String
    ) async throws -> Outcome {
        let machine = SimulatedMachine(disk: prepared.disk, seed: 2)
        let ledger = Ledger(prepared.ledger)
        let service = try await SimulatedService.start(on: machine)
        machine.set(faulty.trap)
        let failure = await prepared.failure(service, ledger)
        let isHit = machine.hits > 0
        machine.set(nil)
        let refusesWrites = service.health.reasonToRejectWrites != nil
        if faulty.injected.isTransparent {
            #expect(failure == nil, "\(name): \(failure ?? "")")
            #expect(!refusesWrites, "\(name)")
        }
        if !refusesWrites { try await self.hold(service, ledger, name) }
        try await self.holdOthers(service, ledger, name)
        await service.end()
        guard isHit else { return .notHit }
        // The kernel lives on, with what its page cache shows.
        try await self.hold(machine, ledger, name + ", and the next start")
        let survivor = SimulatedMachine(disk: machine.disk.afterPowerCut(.everything), seed: 5)
        try await self.hold(survivor, ledger, name + ", and a power cut")
        return refusesWrites ? .refusedWrites : .goesOn
    }

    private static func hold(_ machine: SimulatedMachine, _ ledger: Ledger, _ name: String) async throws {
        do {
            let service = try await SimulatedService.start(on: machine)
            try await self.hold(service, ledger, name)
            await service.end()
        } catch {
            Issue.record("\(name): the start failed: \(error)")
        }
    }

    private static func hold(_ service: SimulatedService, _ ledger: Ledger, _ name: String) async throws {
        do { try await ledger.hold(service, name) } catch { Issue.record("\(name): \(error)") }
    }

    /// Reads go on, whatever became of the writes.
    private static func holdOthers(_ service: SimulatedService, _ ledger: Ledger, _ name: String) async throws {
        for (id, bytes) in ledger.ready {
            let isRight = try await service.bytes(of: id) == bytes
            #expect(isRight, "\(name): a ready file cannot be read: \(id)")
        }
    }
}
