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

extension BackupTests {
    /// A store with some files, and a place for its backups.
    struct Store {
        let fixture: Fixture
        let access: OrganizationAccess
        var files: [(id: FileID, bytes: [UInt8])] = []

        init() throws {
            self.fixture = try Fixture()
            self.access = try Fixture.access()
        }

        static func full() async throws -> Store {
            var store = try Store()
            for body in BackupTests.bodies { try await store.add(body) }
            return store
        }

        mutating func add(_ bytes: [UInt8]) async throws {
            let record = try await self.fixture.request(bytes, access: self.access)
            _ = try await self.fixture.send(bytes, to: record, access: self.access)
            self.files.append((record.id, bytes))
        }

        func delete(_ index: Int) async throws {
            try await self.fixture.storage.deletions.delete(self.files[index].id, access: self.access, now: Fixture.now)
        }

        var backups: String { self.fixture.temporary.path + "/backups" }

        /// The names in the directory of backups.
        func names() throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: self.backups).sorted()
        }

        func backUp(
            damage: DamagePolicy = .fails, sharedFiles: SharedFileCheck = .length,
            onDamage: @escaping (DamagedFile) -> Void = { _ in }
        ) throws -> (path: String, summary: CopySummary) {
            let backup = Backup(
                source: self.fixture.directory, catalog: self.fixture.catalog, damage: damage,
                sharedFiles: sharedFiles, onDamage: onDamage)
            return try backup.run(into: self.backups, now: Fixture.now)
        }

        /// Where the bytes of a large file are in a backup.
        func path(_ index: Int, in backup: String) -> String {
            let uuid = self.files[index].id.uuid
            return "\(backup)/blobs/\(uuid.suffix(2))/\(uuid)"
        }

        /// The only pack of a data directory or a backup.
        func pack(in store: String) throws -> String {
            let packs = try FileManager.default.contentsOfDirectory(atPath: store + "/blobs/packs")
            let name = try #require(packs.first)
            return "\(store)/blobs/packs/\(name)"
        }
    }
}
