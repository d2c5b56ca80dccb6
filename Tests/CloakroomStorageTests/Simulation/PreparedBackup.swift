import CloakroomDomain
import Glibc
import Logging
import Testing

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

/// What there is when a backup begins.
enum BackupScenario: String, CaseIterable, CustomTestStringConvertible {
    /// No directory of backups.
    case intoNothing
    /// An empty one.
    case intoEmptyDirectory
    /// A backup, since which files have come and gone.
    case second
    /// The same, and all of the next backup but its name, left by a power cut.
    case afterInterruption

    var testDescription: String { self.rawValue }

    var hasBackup: Bool { self == .second || self == .afterInterruption }
}

/// The disk on which a backup begins, what has been promised by then, and what is in the backups that are there.
struct PreparedBackup {
    /// What `date` makes of the time of the fixtures, and of the second after.
    private static let names = ["20260320T094640Z", "20260320T094641Z"]
    /// A line as in the documentation of the file; a backup copies it as it stands there.
    static let signingKeys = Array("AKSIMULATED000000001 0123456789abcdef0123456789abcdef 2026-03-20T09:46:40Z\n".utf8)

    // By their sizes packed and not. Each is told from the others by its bytes.
    private static let untouched = [Scenario.small, Scenario.other, Scenario.large]
    private static let ended = [Scenario.body(3_000, 19), Scenario.body(66_000, 23)]
    private static let kept = Scenario.body(4_000, 29)
    private static let deleted = [Scenario.body(1_500, 31), Scenario.body(68_000, 37)]
    private static let late = Scenario.body(67_000, 41)
    private static let new = Scenario.body(2_500, 43)

    let disk: SimulatedDisk
    let ledger = Ledger()
    /// What had been promised when each backup that is there was begun, by their names.
    let earlier: [String: Ledger]
    /// What the next one is called.
    let name: String

    init(_ scenario: BackupScenario) async throws {
        var service = try await SimulatedService.start(on: SimulatedMachine(seed: 11))
        try Self.writeSigningKeys(service.machine)
        // Their pack stays as it is: each start begins with another.
        for bytes in Self.untouched { try await Self.send(bytes, service, self.ledger) }
        service = try await Self.restart(service)
        var ids: [FileID] = []
        for bytes in Self.ended + [Self.kept] + Self.deleted {
            ids.append(try await Self.send(bytes, service, self.ledger))
        }
        for id in ids.suffix(Self.deleted.count) { try await Self.delete(id, service, self.ledger) }
        let pending = try await service.declare(Self.late).id
        self.ledger.declared(pending, Self.late)
        if scenario == .intoEmptyDirectory {
            try Directory.create(path: service.machine.backupsPath, system: service.machine)
        }
        var earlier: [String: Ledger] = [:]
        if scenario.hasBackup {
            let name = try await Self.backUp(on: service.machine)
            earlier[name] = Ledger(self.ledger)
            for id in ids.prefix(Self.ended.count) { try await Self.delete(id, service, self.ledger) }
            self.ledger.sending(pending)
            try await service.send(Self.late, to: pending)
            self.ledger.sent(pending)
        }
        if scenario == .afterInterruption {
            service.machine.set(.init(fault: .powerCut, call: 1, of: [.renameat]))
            let name = try? await Self.backUp(on: service.machine)
            #expect(name == nil)
        }
        await service.end()
        self.disk = service.machine.disk.afterPowerCut(.nothing)
        self.earlier = earlier
        self.name = Self.names[earlier.count]
        #expect(earlier.keys.sorted() == Array(Self.names.prefix(earlier.count)))
    }

    /// Ends a server, and starts another on the disk that it leaves.
    private static func restart(_ service: SimulatedService) async throws -> SimulatedService {
        await service.end()
        return try await SimulatedService.start(
            on: SimulatedMachine(disk: service.machine.disk.afterPowerCut(.nothing), seed: 12))
    }

    private static func writeSigningKeys(_ machine: SimulatedMachine) throws {
        let directory = try Directory(path: machine.dataPath, system: machine)
        let file = try directory.open(SigningKeyFile.name, flags: O_RDWR | O_CREAT)
        try file.writeAll(self.signingKeys, at: 0)
        try file.synchronize()
        try directory.synchronize()
    }

    @discardableResult
    private static func send(_ bytes: [UInt8], _ service: SimulatedService, _ ledger: Ledger) async throws -> FileID {
        let id = try await service.declare(bytes).id
        ledger.declared(id, bytes)
        ledger.sending(id)
        try await service.send(bytes, to: id)
        ledger.sent(id)
        return id
    }

    private static func delete(_ id: FileID, _ service: SimulatedService, _ ledger: Ledger) async throws {
        ledger.deleting(id)
        try await service.delete(id)
        ledger.deleted(id)
    }

    // MARK: What is tried

    /// A server beside which a backup is made, and what it has promised.
    struct Run {
        let service: SimulatedService
        let ledger: Ledger

        var machine: SimulatedMachine { self.service.machine }
    }

    /// Starts a server, and sends a file just before the backup, into a pack that is still being added to.
    func start() async throws -> Run {
        let service = try await SimulatedService.start(on: SimulatedMachine(disk: self.disk, seed: 2))
        let ledger = Ledger(self.ledger)
        try await Self.send(Self.new, service, ledger)
        return Run(service: service, ledger: ledger)
    }

    /// Makes a backup as the command does.
    ///
    /// - Parameter machine: Where the data directory is.
    /// - Returns: The backup's name.
    /// - Throws: What failed.
    static func backUp(on machine: SimulatedMachine) async throws -> String {
        let source = try DataDirectory(path: machine.dataPath, creates: false, exclusively: false, system: machine)
        let health = StorageHealth(logger: Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() })
        let catalog = try Catalog(directory: source, owner: .command, health: health)
        let outcome = Result { () throws(BackupError) in
            try Backup(source: source, catalog: catalog).run(into: machine.backupsPath, now: Fixture.now)
        }
        try await catalog.shutDown()
        return String(try outcome.get().path.dropFirst(machine.backupsPath.count + 1))
    }
}
