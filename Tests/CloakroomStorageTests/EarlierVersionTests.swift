import CloakroomCrypto
import CloakroomDomain
import Foundation
import Glibc
import NIOCore
import Testing

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

/// What earlier versions of the program left in a data directory.
// One after the other, as the packs are: each has some 260 descriptors.
@Suite("What earlier versions left", .serialized)
struct EarlierVersionTests {
    @Test
    func theJournalOfAnEarlierVersionIsNotForgotten() async throws {
        let temporary = try TemporaryDirectory()
        try await Fixture(in: temporary).close()
        let journal = URL(filePath: temporary.path + "/data/blobs/journal")
        try (Data(count: 128) + Data("CLKBLOB1".utf8) + Data(count: 120)).write(to: journal)
        #expect(throws: BlobStore.OpenError.self) { try Fixture(in: temporary) }
        try Data(count: 256).write(to: journal)
        try await Fixture(in: temporary).close()
        #expect(!FileManager.default.fileExists(atPath: journal.path(percentEncoded: false)))
    }

    /// The server's statements are of its own version.
    @Test
    func noCommandMigratesUnderAServer() async throws {
        let fixture = try Fixture()
        let current = CatalogSchema.migrations.count
        _ = try fixture.sqlite3("PRAGMA user_version = \(current - 1)")
        for owner in [Catalog.Owner.command, .check] {
            let directory = try DataDirectory(path: fixture.directory.path, creates: false, exclusively: false)
            let error = #expect(throws: Catalog.OpenError.self) {
                try Catalog(directory: directory, owner: owner, health: fixture.health)
            }
            #expect(error?.description.contains("in use by a server of an earlier version") == true)
        }
        #expect(try fixture.sqlite3("PRAGMA user_version") == "\(current - 1)")
        _ = try fixture.sqlite3("PRAGMA user_version = \(current)")
        try await fixture.close()
    }

    /// Rows of packed, own and deleted files keep their places.
    @Test
    func theLocatorsOfTheVersionBeforeAreTakenOver() throws {
        let temporary = try TemporaryDirectory()
        let path = temporary.path + "/catalog.sqlite"
        do {
            let connection = try SQLiteConnection(path: path, role: .command)
            for version in 0..<5 { try connection.execute(CatalogSchema.migrations[version]) }
            try connection.execute(
                """
                PRAGMA user_version = 5;
                INSERT INTO organizations (id, created_at) VALUES ('acme', 1);
                INSERT INTO files (id, organization_id, filename, content_type, size_bytes, created_at,
                    upload_expires_at, sha256, uploaded_at, pack, pack_offset)
                VALUES (zeroblob(16), 'acme', 'a', 'image/png', 65536, 1, 2, zeroblob(32), 1, 1860000000000000001, 33550336),
                    (randomblob(16), 'acme', 'b', 'image/png', 100000, 1, 2, zeroblob(32), 1, NULL, NULL);
                INSERT INTO deleted_files (id, deleted_at, forget_after, pack, pack_offset, size_bytes)
                VALUES (zeroblob(16), 1, 2, 1, 4096, 1), (randomblob(16), 1, 2, NULL, NULL, 7);
                """)
        }
        let connection = try SQLiteConnection(path: path, role: .command)
        try CatalogSchema.migrate(connection)
        #expect(try connection.text(of: "SELECT count(*) FROM files WHERE locator IS NULL") == "1")
        // By printf(1).
        #expect(
            try connection.text(of: "SELECT CAST(locator AS TEXT) FROM files WHERE locator IS NOT NULL")
                == "19d00c25323a000101fff00000010000")
        #expect(
            try connection.text(of: "SELECT CAST(locator AS TEXT) FROM deleted_files WHERE locator IS NOT NULL")
                == "00000000000000010000100000000001")
        #expect(try connection.text(of: "PRAGMA integrity_check") == "ok")
        #expect(try connection.text(of: "SELECT used_files FROM organizations") == "2")
    }

    /// The next backup takes over from one of each version what it has.
    @Test(arguments: [5, 6, 7])
    func filesOfABackupOfAnEarlierVersionAreRead(_ version: Int) throws {
        let temporary = try TemporaryDirectory()
        let path = temporary.path + "/catalog.sqlite"
        do {
            let connection = try SQLiteConnection(path: path, role: .command)
            for migration in CatalogSchema.migrations.prefix(version) { try connection.execute(migration) }
            try connection.execute(
                """
                PRAGMA user_version = \(version);
                INSERT INTO organizations (id, created_at) VALUES ('acme', 1);
                INSERT INTO files (id, organization_id, filename, content_type, size_bytes, created_at, upload_expires_at,
                    sha256, uploaded_at) VALUES (zeroblob(16), 'acme', 'a', 'image/png', 9, 1, 2, zeroblob(32), 1);
                """)
        }
        let backup = try BackupCatalog(opening: path, system: Linux())
        let files = try backup.page(after: nil, .byID)
        #expect(files.map(\.size.bytes) == [9])
        #expect(files.allSatisfy { backup.has($0) })
    }

    @Test
    func aCatalogueOfTheFirstVersionIsMigrated() throws {
        let temporary = try TemporaryDirectory()
        let path = temporary.path + "/catalog.sqlite"
        do {
            let connection = try SQLiteConnection(path: path, role: .command)
            try connection.execute(CatalogSchema.migrations[0])
            try connection.execute(
                """
                PRAGMA user_version = 1;
                INSERT INTO deleted_files (id, deleted_at, forget_after) VALUES (randomblob(16), 1, 2);
                """)
        }
        let connection = try SQLiteConnection(path: path, role: .command)
        try CatalogSchema.migrate(connection)
        #expect(try connection.text(of: "PRAGMA user_version") == "7")
        #expect(try connection.text(of: "SELECT count(*) FROM deleted_files WHERE locator IS NULL") == "1")
        #expect(try connection.text(of: "PRAGMA integrity_check") == "ok")
    }
}
