import CloakroomDomain
import Foundation
import Glibc
import Synchronization
import Testing

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

// One after the other, as the packs are: each has some 260 descriptors.
@Suite("A start on what is not as it was left", .serialized)
struct StartTests {
    /// Why blobs are not opened; `nil` where they are.
    private static func rejection(_ path: String) async throws -> String? {
        let directory = try DataDirectory(path: path, exclusively: false)
        let health = StorageHealth(logger: LogRecorder().logger)
        let catalog = try Catalog(directory: directory, owner: .server, health: health)
        var rejection: String?
        do throws(BlobStore.OpenError) {
            let reserve = DiskReserve(directory: directory, length: 0)
            let local = try LocalStore(directory, health, reserve, catalog, .init())
            try? await local.shutDown()
        } catch {
            rejection = error.description
            try await catalog.shutDown()
        }
        return rejection
    }

    // MARK: Directories

    @Test(arguments: ["", "/packs", "/SHARD"])
    func aDirectoryThatFilesAreInIsNotMadeAnew(_ name: String) async throws {
        let store = try await ClosedStore()
        let shard = String(store.large.id.uuid.suffix(2))
        let path = store.dataPath + "/blobs" + name.replacing("SHARD", with: shard)
        try FileManager.default.moveItem(atPath: path, toPath: store.temporary.path + "/elsewhere")
        let missing = name == "/packs" ? "packs" : shard
        let rejection = try #require(try await Self.rejection(store.dataPath))
        #expect(rejection.hasPrefix("\(store.dataPath)/blobs/\(missing) is missing"))
        #expect(!FileManager.default.fileExists(atPath: path))
        await #expect(throws: BlobStore.OpenError.self) { try await store.repair() }

        // It has been mounted.
        try FileManager.default.moveItem(atPath: store.temporary.path + "/elsewhere", toPath: path)
        let fixture = try Fixture(in: store.temporary)
        for file in store.files {
            #expect(try await fixture.bytes(of: file.id, access: store.access) == file.bytes)
        }
        try await fixture.close()
    }

    @Test
    func blobsAreNotMadeAnewBesideAPendingFile() async throws {
        let store = try await ClosedStore()
        // Its seal may be in a pack alone.
        let reset = "UPDATE files SET sha256 = NULL, uploaded_at = NULL, locator = NULL"
        #expect(try store.sqlite3(reset) == "")
        try FileManager.default.removeItem(atPath: store.dataPath + "/blobs")
        let rejection = try #require(try await Self.rejection(store.dataPath))
        #expect(rejection.hasPrefix("\(store.dataPath)/blobs/packs is missing"))
        #expect(try store.sqlite3("DELETE FROM files") == "")
        #expect(try await Self.rejection(store.dataPath) == nil)
    }

    @Test(arguments: [true, false])
    func whatIsOnlyCalledLikeABackupIsNone(isDirectory: Bool) async throws {
        let store = try await ClosedStore()
        let path = store.dataPath + "/cloakroom-backup"
        if isDirectory {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        } else {
            try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "catalog.sqlite")
        }
        #expect(try await store.repair(.data).lines == [])
    }

    @Test
    func aDirectoryThatNoFileIsInIsMadeAnew() async throws {
        let store = try await ClosedStore()
        let shard = store.large.id.uuid.hasSuffix("00") ? "01" : "00"
        for name in [shard, "quarantine", "staging"] {
            try FileManager.default.removeItem(atPath: "\(store.dataPath)/blobs/\(name)")
        }
        let fixture = try Fixture(in: store.temporary)
        #expect(FileManager.default.fileExists(atPath: "\(store.dataPath)/blobs/\(shard)"))
        try await fixture.close()
    }

    // MARK: Packs

    @Test
    func whatCanBeReadOfAPackIsSealedAndTheRestWaits() async throws {
        let bytes = [UInt8](repeating: 7, count: 3_000)
        let machine = SimulatedMachine()
        var ids: [FileID] = []
        do {
            let service = try await SimulatedService.start(on: machine)
            for _ in 0..<3 { ids.append(try await service.declare(bytes).id) }
            for id in ids { try await service.send(bytes, to: id) }
            // The rows were not flushed: only the pack has the seals.
            machine.set(.init(fault: .powerCut, call: 1, counted: .changes))
            await service.end()
        }
        let cut = SimulatedMachine(disk: machine.disk.afterPowerCut(.everything))
        let pack = try #require(cut.names("blobs/packs").first)
        // The second body's, behind the header's page and the first's.
        cut.setUnreadable("blobs/packs/\(pack)", 8_192..<12_288)
        let service = try await SimulatedService.start(on: cut)
        #expect(try await service.bytes(of: ids[0]) == bytes)
        #expect(try await service.bytes(of: ids[1]) == nil)
        #expect(try await service.bytes(of: ids[2]) == bytes)
        // Nobody takes it for abandoned meanwhile.
        try await service.sweep(after: 90_000)
        #expect(try service.catalog.file(ids[1]) != nil)
        await service.end()

        // The disk answers again.
        let later = try await SimulatedService.start(on: SimulatedMachine(disk: cut.disk))
        for id in ids { #expect(try await later.bytes(of: id) == bytes) }
        await later.end()
    }

    // MARK: The catalogue

    @Test
    func aFullDiskGetsTheReserveToCopyTheLog() async throws {
        let machine = SimulatedMachine()
        let bytes = [UInt8](repeating: 7, count: 3_000)
        let id: FileID
        do {
            let service = try await SimulatedService.start(on: machine)
            id = try await service.sendNew(bytes)
            machine.set(.init(fault: .powerCut, call: 1, counted: .changes))
            await service.end()
        }
        let cut = SimulatedMachine(disk: machine.disk.afterPowerCut(.nothing))
        cut.set(.init(fault: .failure(ENOSPC), call: 1, of: [.write]))
        let service = try await SimulatedService.start(on: cut)
        #expect(cut.hits == 1)
        #expect(!service.storage.retention.sparesPending)
        #expect(try await service.bytes(of: id) == bytes)
        await service.end()
    }

    @Test
    func aStartWaitsForWhoeverReadsTheCatalogue() async throws {
        let temporary = try TemporaryDirectory()
        let directory = try DataDirectory(path: temporary.path, exclusively: true)
        let recorder = LogRecorder()
        let catalog = try Catalog(
            directory: directory, owner: .server, health: StorageHealth(logger: recorder.logger))
        let reader = try SQLiteConnection(path: directory.path(of: Catalog.fileName), role: .reader)
        try reader.execute("BEGIN")
        _ = try reader.text(of: "SELECT count(*) FROM files")
        // What the reader does not see cannot be copied over what it sees.
        try await catalog.checkWritable()
        async let isDurable: Void = catalog.makeDurable()
        let waits = "Waiting for a backup or check that reads the database"
        let end = ContinuousClock.now + .seconds(60)
        while !recorder.all.contains(waits), ContinuousClock.now < end { try await Task.sleep(for: .milliseconds(50)) }
        #expect(recorder.all.contains(waits))
        try reader.execute("COMMIT")
        try await isDurable
        try await catalog.shutDown()
    }
}
