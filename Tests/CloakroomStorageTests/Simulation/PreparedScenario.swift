import CloakroomDomain
import Synchronization

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

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
        self.ledger.follow(service)
        self.ids = try await scenario.prepare(service, self.ledger)
        if scenario == .startAfterCrash {
            // As a killed process leaves it.
            self.disk = machine.disk
            machine.set(.init(fault: .powerCut, call: 1))
            await service.end()
        } else {
            if scenario == .migrate {
                try await Self.goBackToVersion2(service)
                self.ledger.isLogComplete.withLock { $0 = false }
                self.ledger.reader.withLock { $0 = EventReader() }
            }
            await service.end()
            if scenario == .migrate { try Self.removeHistory(machine) }
            self.disk = machine.disk.afterPowerCut(.nothing)
        }
    }

    /// Leaves the catalogue as an earlier version of the program did.
    private static func goBackToVersion2(_ service: SimulatedService) async throws {
        let outcome: Result<Void, StorageError> = await withCheckedContinuation { continuation in
            service.catalog.writer.write(
                { connection throws(SQLiteError) in try connection.execute(GatewayTests.backToVersion2) },
                completion: { continuation.resume(returning: $0) })
        }
        try outcome.get()
    }

    /// Removes what that version knew nothing of.
    private static func removeHistory(_ machine: SimulatedMachine) throws {
        let blobs = try Directory(path: machine.dataPath + "/blobs", system: machine)
        for name in ["identity", "history"] { try blobs.remove(name) }
        try blobs.synchronize()
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
        ledger.follow(service)
        if !self.scenario.isStart { machine.set(trap) }
        try? await self.scenario.run(service, self.ids, ledger)
        await service.end()
    }

    /// Runs the scenario, and says why it failed if it did.
    func failure(_ service: SimulatedService, _ ledger: Ledger) async -> String? {
        do {
            try await self.scenario.run(service, self.ids, ledger)
            return nil
        } catch {
            return "\(error)"
        }
    }
}
