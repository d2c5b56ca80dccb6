import CloakroomDomain
import Testing

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

/// Holding copies of a store to what had been promised when they were begun.
extension Ledger {
    /// Holds a backup to it.
    ///
    /// - Parameters:
    ///   - backup: The backup's name.
    ///   - machine: Where it lies.
    ///   - context: What was done before, for whoever reads of a failure.
    func hold(backup: String, on machine: SimulatedMachine, _ context: String) {
        self.hold(copy: "backups/\(backup)", on: machine, context)
    }

    /// Holds a store that nobody has changed since it was copied: the ready files are in it, with their bytes, and no
    /// other bytes are.
    ///
    /// - Parameters:
    ///   - copy: The store's path from the directory that the data directory is in.
    ///   - machine: Where it lies.
    ///   - context: What was done before, for whoever reads of a failure.
    func hold(copy: String, on machine: SimulatedMachine, _ context: String) {
        let context = "\(context): \(copy)"
        do {
            // SQLite would go back to what such a file holds.
            let journals = machine.names("../\(copy)").filter { $0.hasPrefix("\(Catalog.fileName)-") }
            #expect(journals.isEmpty, "\(context): the catalogue is not complete")
            let files = try self.verifiedFiles(in: "/\(machine.number)/\(copy)", machine)
            let ready = self.ready
            #expect(Set(files.map(\.id)) == Set(ready.keys), "\(context): other files than were acknowledged")
            for file in files {
                let isRight = machine.bytes(of: file, in: copy) == ready[file.id]
                #expect(isRight, "\(context): a ready file's bytes differ: \(file.id)")
            }
            self.holdRest(of: copy, files, machine, context)
        } catch {
            Issue.record("\(context): \(error)")
        }
    }

    /// The ready files that a store's catalogue has, after the store has been verified as after each backup.
    private func verifiedFiles(in path: String, _ machine: SimulatedMachine) throws -> [SealedFile] {
        let root = try Directory(path: path, system: machine)
        _ = try StoreVerification(store: root, path: path, catalogName: Catalog.fileName).run()
        let catalog = try BackupCatalog(opening: "\(path)/\(Catalog.fileName)", system: machine)
        var cursor = catalog.files(.byID)
        var files: [SealedFile] = []
        while let file = try cursor.next() { files.append(file) }
        return files
    }

    /// The signing keys, and that there is nothing of files that had been deleted.
    private func holdRest(
        of copy: String, _ files: [SealedFile], _ machine: SimulatedMachine, _ context: String
    ) {
        let keys = machine.content("../\(copy)/\(SigningKeyFile.name)")?.bytes
        #expect(keys == PreparedBackup.signingKeys, "\(context): the signing keys differ")
        var names: Set<String> = []
        for shard in 0..<BlobStore.shardCount {
            names.formUnion(machine.names("../\(copy)/blobs/\(BlobStore.shardName(shard))"))
        }
        #expect(names == Set(files.filter { $0.slot == nil }.map(\.id.uuid)), "\(context): blobs without a ready row")
        let slots = files.compactMap(\.slot)
        for pack in machine.names("../\(copy)/blobs/packs") {
            let used = slots.filter { $0.pack.fileName == pack }.flatMap { slot in
                Int(slot.offset) / SimulatedDisk.page..<(Int(slot.offset) + slot.length) / SimulatedDisk.page
            }
            let pages = machine.content("../\(copy)/blobs/packs/\(pack)")?.pages ?? []
            let others = pages.subtracting(used).subtracting([0]).sorted()
            #expect(others.isEmpty, "\(context): pages of a pack to which no row refers: \(others)")
        }
    }

    /// Restores a backup where the data directory is lost, and holds the store that starts there after a power cut.
    ///
    /// - Parameters:
    ///   - backup: The backup's name.
    ///   - disk: The disk with it.
    ///   - context: What was done before, for whoever reads of a failure.
    /// - Throws: What failed.
    func hold(restored backup: String, on disk: SimulatedDisk, _ context: String) async throws {
        let machine = SimulatedMachine(disk: disk, seed: 6)
        try machine.loseData()
        _ = try Restore(from: "\(machine.backupsPath)/\(backup)", system: machine).run(
            to: machine.dataPath, now: Fixture.now)
        try await self.hold(startOn: machine.disk.afterPowerCut(.everything), "\(context), restored from \(backup)")
    }

    /// Starts the store on a disk, and holds it to what was promised; other promises come of that, in a copy.
    ///
    /// - Parameters:
    ///   - disk: The disk.
    ///   - context: What was done before, for whoever reads of a failure.
    /// - Throws: What failed.
    func hold(startOn disk: SimulatedDisk, _ context: String) async throws {
        let service = try await SimulatedService.start(on: SimulatedMachine(disk: disk, seed: 7))
        do { try await Ledger(self).hold(service, context) } catch { Issue.record("\(context): \(error)") }
        await service.end()
    }
}
