import CloakroomCrypto
import CloakroomDomain
import Foundation
import Glibc
import NIOCore
import Testing

@testable import CloakroomStorage

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
        #expect(try connection.text(of: "PRAGMA user_version") == "6")
        #expect(try connection.text(of: "SELECT count(*) FROM deleted_files WHERE locator IS NULL") == "1")
        #expect(try connection.text(of: "PRAGMA integrity_check") == "ok")
    }
}
