import CloakroomDomain
import Foundation
import Testing

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

/// The power is cut at every call, and what was promised is held against what the next start finds.
///
/// `CLOAKROOM_CRASH_SEEDS` tries each point with all losses and so many seeds, `CLOAKROOM_SCENARIO` only one scenario.
struct CrashTests {
    private static let environment = ProcessInfo.processInfo.environment

    private static let scenarios: [Scenario] = {
        Self.environment["CLOAKROOM_SCENARIO"].flatMap { Scenario(rawValue: $0) }.map { [$0] } ?? Scenario.allCases
    }()

    /// What becomes of what no flush has covered: all of it is lost, some, or none, in turns.
    private static func losses(at point: Int, _ scenario: Scenario) -> [SimulatedDisk.Loss] {
        if let seeds = Self.environment["CLOAKROOM_CRASH_SEEDS"].flatMap({ UInt64($0) }) {
            return [.everything, .nothing] + (0..<seeds).map { .some(seed: $0) }
        }
        // A start makes hundreds of directories, one like the other.
        if scenario == .start, point > 60, !point.isMultiple(of: 8) { return [] }
        switch point % 4 {
        case 1: return [.nothing]
        case 3: return [.some(seed: UInt64(point))]
        default: return [.everything]
        }
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
        // Each start has promises of its own.
        let ledger = Ledger(ledger)
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
