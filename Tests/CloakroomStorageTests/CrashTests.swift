import CloakroomDomain
import Foundation
import Testing

@testable import CloakroomStorage

/// The power is cut at every call, and what was promised is held against what the next start finds.
///
/// `CLOAKROOM_CRASH_SEEDS` tries each point with all losses and so many seeds, `CLOAKROOM_SCENARIO` only one scenario.
struct CrashTests {
    private static let environment = ProcessInfo.processInfo.environment

    private static let scenarios: [Scenario] = {
        Self.environment["CLOAKROOM_SCENARIO"].flatMap { Scenario(rawValue: $0) }.map { [$0] } ?? Scenario.allCases
    }()

    /// What becomes of what no flush has covered: all of it is lost at each point, and none of it or some in turns.
    private static func losses(at point: Int, _ scenario: Scenario) -> [SimulatedDisk.Loss] {
        let chance = SimulatedDisk.Loss.some(seed: UInt64(point))
        if let seeds = Self.environment["CLOAKROOM_CRASH_SEEDS"].flatMap({ UInt64($0) }) {
            return [.everything, .nothing] + (0..<seeds).map { .some(seed: $0) }
        }
        // A start makes hundreds of directories, one like the other.
        if scenario == .start { return [point.isMultiple(of: 2) ? .everything : chance] }
        return [.everything, point.isMultiple(of: 4) ? .nothing : chance]
    }

    @Test(arguments: Self.scenarios)
    func everyPowerCutIsSurvived(_ scenario: Scenario) async throws {
        let prepared = try await PreparedScenario(scenario)
        var (points, tried) = (0, 0)
        while true {
            let machine = SimulatedMachine(disk: prepared.disk, seed: 2)
            let ledger = Ledger(prepared.ledger)
            let trap = SimulatedMachine.Trap(fault: .powerCut, call: points + 1, counted: .changes)
            try await prepared.run(on: machine, ledger, trap)
            for loss in Self.losses(at: points, scenario) {
                try await Self.hold(ledger, "\(scenario), cut at call \(points + 1), \(loss)", machine.disk, loss)
                tried += 1
            }
            guard machine.isOff else { break }
            points += 1
        }
        // The cut has to have hit something, or nothing was tested.
        #expect(points > 0)
        print("\(scenario): \(points) crash points, \(tried) disks survived")
    }

    /// Starts on what is left, dies once more during that where chance will have it, and holds the service to the ledger.
    private static func hold(
        _ ledger: Ledger, _ name: String, _ disk: SimulatedDisk, _ loss: SimulatedDisk.Loss
    ) async throws {
        var left = disk.afterPowerCut(loss)
        if case .some(let seed) = loss {
            var dice = SeededGenerator(seed: seed &+ UInt64(left.files.count))
            let machine = SimulatedMachine(disk: left, seed: 3)
            machine.set(.init(fault: .powerCut, call: Int.random(in: 1...40, using: &dice), counted: .changes))
            let service = try? await SimulatedService.start(on: machine)
            await service?.end()
            left = machine.disk.afterPowerCut(loss)
        }
        let machine = SimulatedMachine(disk: left, seed: 4)
        do {
            let service = try await SimulatedService.start(on: machine)
            do { try await ledger.hold(service, name) } catch { Issue.record("\(name): \(error)") }
            await service.end()
        } catch {
            Issue.record("\(name): the start failed: \(error)")
        }
    }
}

/// The disk on which a scenario begins, and what has been promised by then.
struct PreparedScenario {
    let scenario: Scenario
    let disk: SimulatedDisk
    let ledger = Ledger()
    private let ids: [FileID]

    init(_ scenario: Scenario) async throws {
        self.scenario = scenario
        let machine = SimulatedMachine()
        if scenario == .start {
            // Nothing at all: the directories and the catalogue have to be made.
            (self.disk, self.ids) = (machine.disk, [])
            return
        }
        let service = try await SimulatedService.start(on: machine)
        self.ids = try await scenario.prepare(service, self.ledger)
        if scenario == .startAfterCrash {
            // As a killed process leaves it.
            self.disk = machine.disk
            machine.set(.init(fault: .powerCut, call: 1))
            await service.end()
        } else {
            await service.end()
            self.disk = machine.disk.afterPowerCut(.nothing)
        }
    }

    /// Runs the scenario, with a trap from its first call on; a failure is what the trap is for.
    func run(on machine: SimulatedMachine, _ ledger: Ledger, _ trap: SimulatedMachine.Trap) async throws {
        if self.scenario.isStart { machine.set(trap) }
        let service: SimulatedService
        do {
            service = try await SimulatedService.start(on: machine)
        } catch {
            guard self.scenario.isStart else { throw error }
            return
        }
        if !self.scenario.isStart { machine.set(trap) }
        try? await self.scenario.run(service, self.ids, ledger)
        await service.end()
    }
}
