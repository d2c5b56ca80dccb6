import CloakroomDomain
import Foundation
import Glibc
import Logging
import Synchronization
import Testing

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

/// A data directory with two ready files whose server has ended, and ways to damage it.
struct ClosedStore {
    /// A ready file, and where its bytes begin on the disk.
    struct File {
        let record: FileRecord
        let bytes: [UInt8]
        /// As the `openssl sha256` program says.
        let sha256: String
        let path: String
        let offset: Int

        var id: FileID { self.record.id }
        /// For SQL.
        var key: String { "x'\(self.id.uuid.filter { $0 != "-" })'" }
    }

    let temporary: TemporaryDirectory
    let access: OrganizationAccess
    /// "hello world", in a pack.
    let small: File
    /// 100,000 zeros, in a file of its own.
    let large: File

    init() async throws {
        self.temporary = try TemporaryDirectory()
        self.access = try Fixture.access()
        let fixture = try Fixture(in: self.temporary)
        self.small = try await Self.upload(
            Array("hello world".utf8), "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9", fixture,
            self.access)
        self.large = try await Self.upload(
            [UInt8](repeating: 0, count: 100_000), "9192c25b734fcbadbe32dadc28089c60db0e39f90cc20ce2e5733f57261acc0c",
            fixture, self.access)
        try await fixture.close()
    }

    private static func upload(
        _ bytes: [UInt8], _ sha256: String, _ fixture: Fixture, _ access: OrganizationAccess
    ) async throws -> File {
        let record = try await fixture.request(bytes, access: access)
        _ = try await fixture.send(bytes, to: record, access: access)
        guard let slot = try fixture.catalog.slot(record.id) else {
            return File(record: record, bytes: bytes, sha256: sha256, path: fixture.blobPath(record.id), offset: 0)
        }
        let path = "\(fixture.directory.path)/blobs/packs/\(slot.pack.fileName)"
        return File(record: record, bytes: bytes, sha256: sha256, path: path, offset: Int(slot.bodyOffset))
    }

    var dataPath: String { self.temporary.path + "/data" }
    var files: [File] { [self.small, self.large] }

    // MARK: Damage

    /// Changes one bit of a file on the disk.
    static func flip(_ path: String, at offset: Int) throws {
        let handle = try FileHandle(forUpdating: URL(filePath: path))
        try handle.seek(toOffset: UInt64(offset))
        let byte = try #require(try handle.read(upToCount: 1)?.first)
        try handle.seek(toOffset: UInt64(offset))
        try handle.write(contentsOf: [byte ^ 1])
        try handle.close()
    }

    static func truncate(_ path: String, to length: Int) throws {
        let handle = try FileHandle(forUpdating: URL(filePath: path))
        try handle.truncate(atOffset: UInt64(length))
        try handle.close()
    }

    /// Overwrites a database's page, whose number counts from 1.
    func overwritePage(_ number: Int, of size: Int) throws {
        let handle = try FileHandle(forUpdating: URL(filePath: self.dataPath + "/catalog.sqlite"))
        try handle.seek(toOffset: UInt64((number - 1) * size))
        try handle.write(contentsOf: Data(repeating: 0xA5, count: size))
        try handle.close()
    }

    /// What the `sqlite3` program says.
    ///
    /// It leaves what it changes in the log, as it knows nothing of pages' checksums.
    func sqlite3(_ sql: String) throws -> String {
        let query = "\(self.temporary.path)/\(UUID().uuidString).sql"
        try Data(sql.utf8).write(to: URL(filePath: query))
        let quietly =
            "-cmd '.output /dev/null' -cmd '.dbconfig no_ckpt_on_close on' -cmd 'PRAGMA wal_autocheckpoint = 0' -cmd '.output'"
        let line = "sqlite3 \(quietly) '\(self.dataPath)/catalog.sqlite' < '\(query)' 2>&1"
        let pipe = try #require(popen(line, "r"))
        defer { pclose(pipe) }
        var output: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4_096)
        while case let count = fread(&chunk, 1, chunk.count, pipe), count > 0 { output += chunk[..<count] }
        return String(decoding: output, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// The names in quarantine, and what they hold.
    func quarantined() throws -> [String: [UInt8]] {
        let path = self.dataPath + "/blobs/quarantine"
        let names = try FileManager.default.contentsOfDirectory(atPath: path)
        return try .init(
            uniqueKeysWithValues: names.map { ($0, try [UInt8](Data(contentsOf: URL(filePath: "\(path)/\($0)")))) })
    }

    // MARK: Check

    /// What a check said.
    struct Report {
        let findings: [Finding]
        let summary: StoreCheck.Summary

        /// What was found; what is in quarantine by then is told apart.
        var lines: [String] { self.findings.filter { $0.kind != .quarantined }.map(\.description) }
        var quarantined: [String] { self.findings.filter { $0.kind == .quarantined }.map(\.subject) }
    }

    private final class Observer: Sendable {
        let findings = Mutex<[Finding]>([])

        func add(_ finding: Finding) { self.findings.withLock { $0.append(finding) } }
    }

    private static func health() -> StorageHealth {
        StorageHealth(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    func look(_ extent: ExaminationExtent = .presence) async throws -> Report {
        let directory = try DataDirectory(path: self.dataPath, creates: false, exclusively: false)
        // Nobody else is at it: nothing changes by waiting.
        return try await Self.look(directory, extent, patience: .zero)
    }

    static func look(
        _ directory: DataDirectory, _ extent: ExaminationExtent, patience: Duration = .seconds(5)
    ) async throws -> Report {
        let observer = Observer()
        let summary = try await StoreCheck.look(
            at: directory, extent, health: Self.health(), packLength: Fixture.packLength, patience: patience,
            now: Fixture.now
        ) { observer.add($0) }
        return Report(findings: observer.findings.withLock { $0 }, summary: summary)
    }

    func repair(
        _ extent: ExaminationExtent = .presence, maximumDamaged: Int = StoreCheck.maximumDamagedFiles
    ) async throws -> Report {
        try await Self.repair(try self.claim(), extent, maximumDamaged: maximumDamaged)
    }

    static func repair(
        _ directory: DataDirectory, _ extent: ExaminationExtent, maximumDamaged: Int = StoreCheck.maximumDamagedFiles
    ) async throws -> Report {
        let observer = Observer()
        let summary = try await StoreCheck.repair(
            directory, extent, maximumDamaged: maximumDamaged, health: Self.health(), packLength: Fixture.packLength,
            now: Fixture.now
        ) { observer.add($0) }
        return Report(findings: observer.findings.withLock { $0 }, summary: summary)
    }

    /// Claims the directory, which a store before may have just left.
    ///
    /// A child process that another test starts at that moment has the lock's descriptor until it executes its program.
    private func claim() throws -> DataDirectory {
        for _ in 0..<200 {
            if let directory = try? DataDirectory(path: self.dataPath, creates: false, exclusively: true) {
                return directory
            }
            usleep(10_000)
        }
        return try DataDirectory(path: self.dataPath, creates: false, exclusively: true)
    }
}
