import CSQLite
import CloakroomDomain
import Foundation
import Testing

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

@Suite("The catalogue on SQLite", .serialized)
struct CatalogTests {
    @Test func everyWriterFlushesEachCommit() async throws {
        let fixture = try Fixture()
        let path = fixture.directory.path(of: Catalog.fileName)
        for role in [SQLiteConnection.Role.writer, .command] {
            let connection = try SQLiteConnection(path: path, role: role)
            #expect(try connection.text(of: "PRAGMA journal_mode") == "wal")
            #expect(try connection.text(of: "PRAGMA synchronous") == "2")
            #expect(try connection.text(of: "PRAGMA foreign_keys") == "1")
        }
        #expect(try fixture.sqlite3("PRAGMA journal_mode") == "wal")
        try await fixture.close()
    }

    @Test func onlyTheWriterCheckpoints() async throws {
        let fixture = try Fixture()
        let path = fixture.directory.path(of: Catalog.fileName)
        for role in [SQLiteConnection.Role.reader, .command] {
            #expect(try SQLiteConnection(path: path, role: role).text(of: "PRAGMA wal_autocheckpoint") == "0")
        }
        try await fixture.close()
    }

    @Test func aReaderCannotWrite() async throws {
        let fixture = try Fixture()
        let reader = try SQLiteConnection(path: fixture.directory.path(of: Catalog.fileName), role: .reader)
        #expect(throws: SQLiteError.self) { try reader.execute("DELETE FROM files") }
        try await fixture.close()
    }

    /// What the schema itself refuses, tried with the `sqlite3` program.
    @Test(
        "The schema refuses what must not be",
        arguments: [
            "INSERT INTO organizations (id, created_at) VALUES ('', 1)",
            "INSERT INTO files (id, organization_id, filename, content_type, size_bytes, created_at, upload_expires_at) VALUES (x'00', 'acme', 'a', 'a/b', 1, 1, 2)",
            "UPDATE files SET size_bytes = 0",
            "UPDATE files SET size_bytes = 'many'",
            "UPDATE files SET sha256 = randomblob(32)",
            "UPDATE files SET uploaded_at = 1",
            "UPDATE files SET sha256 = randomblob(31), uploaded_at = 1",
            "UPDATE files SET declared_sha256 = randomblob(32), sha256 = randomblob(32), uploaded_at = 1",
            "UPDATE files SET upload_expires_at = created_at - 1",
            "UPDATE files SET expires_at = created_at",
            "UPDATE organizations SET expires_after_seconds = 0",
            "PRAGMA foreign_keys = ON; UPDATE files SET organization_id = 'nobody'",
            "INSERT INTO api_keys (id, digest, name, visible_prefix, permissions, created_at) VALUES ('key_0123456789abcdef', x'00', '', '', '', 1)",
        ])
    func schemaRefuses(sql: String) async throws {
        let fixture = try Fixture()
        _ = try await fixture.request([1], access: try Fixture.access())
        let message = try fixture.sqlite3(sql)
        #expect(message.contains("constraint") || message.contains("cannot store"), "\(message)")
        try await fixture.close()
    }

    @Test func aNewerSchemaIsRefusedAndUntouched() async throws {
        let temporary = try TemporaryDirectory()
        let fixture = try Fixture(in: temporary)
        try await fixture.close()
        _ = try fixture.sqlite3("PRAGMA user_version = 99")
        let directory = try DataDirectory(path: temporary.path + "/data", exclusively: false)
        #expect(throws: Catalog.OpenError.self) {
            try Catalog(directory: directory, owner: .command, health: fixture.health)
        }
        #expect(try fixture.sqlite3("PRAGMA user_version") == "99")
    }

    @Test func concurrentWritesAreAllDurableWhenTheyReturn() async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        try await withThrowingDiscardingTaskGroup { group in
            for _ in 0..<500 { group.addTask { _ = try await fixture.request([1], access: access) } }
        }
        #expect(try fixture.sqlite3("SELECT count(*), count(DISTINCT id) FROM files") == "500|500")
        #expect(try fixture.sqlite3("PRAGMA integrity_check") == "ok")
        try await fixture.close()
    }

    @Test func aWriteThatFailsFailsAlone() async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        let outcomes = await withTaskGroup(of: Bool.self) { group in
            for index in 0..<100 {
                group.addTask {
                    if index == 50 {
                        let result: Void? = try? await fixture.catalog.writer.write { connection throws(SQLiteError) in
                            try connection.execute("INSERT INTO organizations (id, created_at) VALUES ('', 1)")
                        }
                        return result != nil
                    }
                    return (try? await fixture.request([1], access: access)) != nil
                }
            }
            return await group.reduce(into: [Bool]()) { $0.append($1) }
        }
        #expect(outcomes.count { $0 } == 99)
        #expect(try fixture.sqlite3("SELECT count(*) FROM files") == "99")
        try await fixture.close()
    }

    @Test func keysAreStoredByTheirDigestAlone() async throws {
        let fixture = try Fixture()
        let keys = fixture.storage.keys
        let (record, key) = try await keys.create(
            for: .gateway, name: "name", permissions: [.filesRead], now: Fixture.now)
        #expect(try await keys.principal(key, now: Fixture.now)?.keyID == record.id)
        let dump = try fixture.sqlite3(".dump")
        #expect(!dump.contains(key.reveal()))
        #expect(try await keys.revoke(record.id, now: Fixture.now))
        #expect(try await keys.principal(key, now: Fixture.now) == nil)
        try await fixture.close()
    }

    @Test func aDataDirectoryHasOneServer() async throws {
        let fixture = try Fixture()
        #expect(throws: DataDirectory.OpenError.self) {
            try DataDirectory(path: fixture.directory.path, exclusively: true)
        }
        _ = try DataDirectory(path: fixture.directory.path, exclusively: false)
        try await fixture.close()
    }
}
