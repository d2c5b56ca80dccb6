import CloakroomCrypto
import CloakroomDomain
import Foundation
import Glibc
import Testing

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

/// What runs leave that did not get to their end, and what there is where a restoration begins.
extension BackupTests {
    @Test func aBackupIsNoDataDirectory() async throws {
        let store = try await Store.full()
        let backup = try store.backUp().path
        let names = try FileManager.default.contentsOfDirectory(atPath: backup).sorted()
        let error = #expect(throws: DataDirectory.OpenError.self) {
            try DataDirectory(path: backup, exclusively: true)
        }
        #expect(error?.description == "\(backup) is a backup; create a data directory from it with cloakroom restore")
        // Nothing was added to it, and it can be looked at.
        #expect(try FileManager.default.contentsOfDirectory(atPath: backup).sorted() == names)
        let directory = try DataDirectory(path: backup, creates: false, exclusively: false)
        #expect(try await ClosedStore.look(directory, .data).lines == [])
        try await store.fixture.close()
    }

    @Test func whatDoesNotFitLeavesNothing() async throws {
        let machine = SimulatedMachine()
        let service = try await SimulatedService.start(on: machine)
        let id = try await service.declare(Scenario.veryLarge).id
        try await service.send(Scenario.veryLarge, to: id)
        let source = try DataDirectory(path: machine.dataPath, exclusively: false, system: machine)
        let backups = "/\(machine.number)/backups"
        let backup = Backup(source: source, catalog: service.catalog)
        machine.setFreeBytes(DiskReserve.untouchedBytes + 1_000_000)
        #expect(throws: BackupError.full(path: "\(backups)/incomplete-\(Self.name)")) {
            try backup.run(into: backups, now: Fixture.now)
        }
        #expect(machine.names("../backups") == [])
        machine.setFreeBytes(DiskReserve.untouchedBytes + 100_000_000)
        _ = try backup.run(into: backups, now: Fixture.now)
        #expect(machine.names("../backups") == [Self.name])
        await service.end()
    }

    @Test func whatAnInterruptedBackupLeftIsRemoved() async throws {
        let store = try Store()
        let left = store.backups + "/incomplete-20200101T000000Z"
        try FileManager.default.createDirectory(atPath: left + "/blobs/00", withIntermediateDirectories: true)
        try Data("half".utf8).write(to: URL(filePath: left + "/blobs/00/file"))
        let other = store.fixture.temporary.path + "/other"
        try FileManager.default.createDirectory(atPath: other, withIntermediateDirectories: false)
        try Data("stays".utf8).write(to: URL(filePath: other + "/file"))
        try FileManager.default.createSymbolicLink(atPath: left + "/link", withDestinationPath: other)
        #expect(throws: BackupError.incomplete(path: left)) {
            try Restore(from: left).run(to: store.fixture.temporary.path + "/restored", now: Fixture.now)
        }
        _ = try store.backUp()
        #expect(try store.names() == [Self.name])
        #expect(FileManager.default.fileExists(atPath: other + "/file"))
        try await store.fixture.close()
    }

    @Test func nothingIsOverwritten() async throws {
        let store = try await Store.full()
        let (backup, _) = try store.backUp()
        try await store.fixture.close()
        let temporary = try TemporaryDirectory()
        let data = temporary.path + "/data"
        try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: false)
        try Data("*".utf8).write(to: URL(filePath: data + "/.gitignore"))
        try Data("mine".utf8).write(to: URL(filePath: data + "/file"))
        #expect(throws: BackupError.notEmpty(path: data)) { try Restore(from: backup).run(to: data, now: Fixture.now) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: data).sorted() == [".gitignore", "file"])
        try FileManager.default.removeItem(atPath: data + "/file")
        _ = try Restore(from: backup).run(to: data, now: Fixture.now)
        #expect(try String(contentsOfFile: data + "/.gitignore", encoding: .utf8) == "*")
        let fixture = try await Self.start(temporary)
        #expect(try await fixture.bytes(of: store.files[0].id, access: store.access) == store.files[0].bytes)
        try await fixture.close()
        #expect(throws: BackupError.notEmpty(path: data)) { try Restore(from: backup).run(to: data, now: Fixture.now) }
    }

    @Test func whatAnInterruptedRestorationLeftIsNoStore() async throws {
        let store = try await Store.full()
        let (backup, _) = try store.backUp()
        try await store.fixture.close()
        let temporary = try TemporaryDirectory()
        let data = temporary.path + "/data"
        try FileManager.default.createDirectory(atPath: data + "/blobs/ff", withIntermediateDirectories: true)
        for name in ["restoring", "blobs/ff/half"] { try Data().write(to: URL(filePath: "\(data)/\(name)")) }
        for exclusively in [true, false] {
            #expect(throws: DataDirectory.OpenError.self) { try DataDirectory(path: data, exclusively: exclusively) }
        }
        _ = try Restore(from: backup).run(to: data, now: Fixture.now)
        #expect(!FileManager.default.fileExists(atPath: data + "/restoring"))
        #expect(!FileManager.default.fileExists(atPath: data + "/blobs/ff/half"))
        let fixture = try await Self.start(temporary)
        for file in store.files {
            #expect(try await fixture.bytes(of: file.id, access: store.access) == file.bytes)
        }
        try await fixture.close()
    }

    @Test func thereHasToBeABackup() async throws {
        let temporary = try TemporaryDirectory()
        let destination = temporary.path + "/restored"
        #expect(throws: BackupError.nothingThere(path: temporary.path)) {
            try Restore(from: temporary.path).run(to: destination, now: Fixture.now)
        }
        #expect(throws: BackupError.self) {
            try Restore(from: temporary.path + "/none").run(to: destination, now: Fixture.now)
        }
        #expect(!FileManager.default.fileExists(atPath: destination))
    }
}
