import CloakroomDomain
import Foundation
import Glibc
import Testing

@testable import CloakroomStorage

/// A kind of failure, and the calls that can have it.
struct InjectedFault: CustomTestStringConvertible, Sendable {
    let name: String
    let fault: SimulatedMachine.Fault
    let calls: Set<SystemCall>?
    var counted = SimulatedMachine.Counted.all
    /// Whether nobody may notice it: the call is repeated, or goes on.
    var isTransparent = false

    var testDescription: String { self.name }

    static let all: [InjectedFault] = [
        InjectedFault(name: "EIO", fault: .failure(EIO), calls: nil),
        InjectedFault(
            name: "ENOSPC", fault: .failure(ENOSPC),
            calls: [.openat, .write, .fallocate, .linkat, .renameat, .mkdirat],
            counted: .changes),
        InjectedFault(
            name: "EROFS", fault: .failure(EROFS),
            calls: [.openat, .write, .fallocate, .linkat, .unlinkat, .renameat, .mkdirat, .ftruncate], counted: .changes
        ),
        InjectedFault(name: "EMFILE", fault: .failure(EMFILE), calls: [.openat, .readdir]),
        InjectedFault(
            name: "EINTR", fault: .failure(EINTR), calls: [.openat, .read, .write, .ftruncate, .fallocate],
            isTransparent: true),
        InjectedFault(name: "short", fault: .short, calls: [.read, .write], isTransparent: true),
    ]
}

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
        var (tried, refusals) = (0, 0)
        // Each scenario begins elsewhere, so that all of them together come by every kind of call.
        var turn = Scenario.allCases.firstIndex(of: scenario) ?? 0
        for injected in InjectedFault.all {
            for stays in injected.isTransparent ? [false] : [false, true] {
                var call = 1
                while true {
                    turn += 1
                    guard turn.isMultiple(of: Self.stride) || call == 1 else {
                        call += 1
                        continue
                    }
                    let name = "\(scenario), \(injected.name) \(stays ? "from" : "at") call \(call)"
                    let outcome = try await Self.run(prepared, injected, call: call, stays: stays, name)
                    guard outcome != .notHit else { break }
                    tried += 1
                    if outcome == .refusedWrites { refusals += 1 }
                    call += 1
                }
            }
        }
        #expect(tried > 0)
        print("\(scenario): \(tried) faults survived, \(refusals) times writes were refused until a restart")
    }

    private enum Outcome {
        case notHit
        case goesOn
        case refusedWrites
    }

    private static func run(
        _ prepared: PreparedScenario, _ injected: InjectedFault, call: Int, stays: Bool, _ name: String
    ) async throws -> Outcome {
        let machine = SimulatedMachine(disk: prepared.disk, seed: 2)
        let ledger = Ledger(prepared.ledger)
        let service = try await SimulatedService.start(on: machine)
        machine.set(
            .init(fault: injected.fault, call: call, of: injected.calls, counted: injected.counted, stays: stays))
        let failure = await prepared.failure(service, ledger)
        let isHit = machine.hits > 0
        machine.set(nil)
        let refusesWrites = service.health.reasonToRefuseWrites != nil
        if injected.isTransparent {
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
