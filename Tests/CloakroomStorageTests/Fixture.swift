import CloakroomCrypto
import CloakroomDomain
import Foundation
import Glibc
import Logging
import NIOCore
import NIOPosix
import Testing

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

/// A data directory of its own, removed when the fixture goes.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "cloakroom-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        self.path = url.path(percentEncoded: false)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: self.path)
    }
}

/// A real store on a real disk.
struct Fixture {
    static let now = Timestamp(secondsSinceEpoch: 1_774_000_000)

    /// A few dozen small bodies: a test fills it.
    static let packLength: Int64 = 128 * 1_024

    let temporary: TemporaryDirectory
    private let local: LocalStore
    var directory: DataDirectory { self.local.directory }
    var health: StorageHealth { self.local.health }
    var catalog: Catalog { self.local.pair.catalog }
    var blobs: BlobStore { self.local.pair.blobs }
    var storage: Storage { self.local.storage }
    var damage: DamageControl { self.local.damage }
    var store: TestedStore { TestedStore(self.local) }
    var quarantine: FileQuarantine { self.store.quarantine }
    var recovery: Recovery { self.store.recovery }
    var lostBodies: LostBodies { self.store.lostBodies }
    var shared: Storage.Shared { self.local.pair.shared }

    func examineDatabase() async throws { try await DatabaseExamination(self.local.pair).run() }

    func nextID() throws -> FileID {
        try FileIDGenerator(clock: SystemClock(), entropy: Linux()).next()
    }

    func scrubber(pace: ScrubPace) -> Scrubber { Scrubber(self.local, pace: pace) }

    init(
        in temporary: TemporaryDirectory? = nil, staging: BlobStore.Staging? = nil,
        packLength: Int64 = Self.packLength
    ) throws {
        let temporary = try temporary ?? TemporaryDirectory()
        self.temporary = temporary
        let directory = try Self.claim(temporary.path + "/data")
        let health = StorageHealth(logger: Logger(label: "test"))
        var options = LocalStore.Options()
        (options.packLength, options.staging, options.diskThreads) = (packLength, staging, 4)
        let reserve = DiskReserve(directory: directory, length: 0)
        let catalog = try Catalog(directory: directory, owner: .server, health: health)
        self.local = try LocalStore(directory, health, reserve, catalog, options)
    }

    /// Claims a directory that a fixture before may have just left.
    ///
    /// A child process that another test starts at that moment has the lock's descriptor until it executes its program.
    private static func claim(_ path: String) throws -> DataDirectory {
        for _ in 0..<200 {
            if let directory = try? DataDirectory(path: path, exclusively: true) { return directory }
            usleep(10_000)
        }
        return try DataDirectory(path: path, exclusively: true)
    }

    /// Leaves everything as a killed process does: the pack that was being written is not ended.
    func crash() async throws { try await self.local.crash() }

    func close() async throws { try await self.local.shutDown() }

    /// The right to act for an organization, by the way a client gets it.
    static func access(_ organization: String = "acme") throws -> OrganizationAccess {
        let id = try #require(OrganizationID(organization))
        let record = APIKeyRecord(
            id: try APIKeyID.generate(), scope: .organization(id), name: "", visiblePrefix: "",
            permissions: Permission.defaults, createdAt: Self.now)
        return try #require(Principal(record, now: Self.now)).authorize(.filesRead, requestedOrganization: nil)
    }

    static func declaration(size: Int, sha256: SHA256Digest? = nil) throws -> UploadDeclaration {
        UploadDeclaration(
            filename: try Filename("a.png"), mediaType: try #require(MediaType("image/png")),
            size: ByteCount(inMemory: size), sha256: sha256)
    }

    /// Declares a file of some bytes.
    func request(
        _ bytes: [UInt8], access: OrganizationAccess, sha256: SHA256Digest? = nil, fileLifetime: FileLifetime? = nil
    ) async throws -> FileRecord {
        try await self.storage.uploads.request(
            try Self.declaration(size: bytes.count, sha256: sha256), access: access, lifetimeSeconds: 3_600,
            fileLifetime: fileLifetime, now: Self.now)
    }

    /// Sends bytes for a declared file: the request arrives now, and its body ends when the file is to be sealed.
    func send(
        _ bytes: [UInt8], to record: FileRecord, access: OrganizationAccess, sealedAt: Timestamp = Self.now
    ) async throws -> Publication {
        let grant = try #require(UploadGrant(record, access: access))
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        return try await self.store.stage(grant).publish(
            last: ByteBuffer(bytes: bytes), trailing: [], now: sealedAt, on: eventLoop
        ).get()
    }

    /// Reads a sealed file's bytes.
    func bytes(of id: FileID, access: OrganizationAccess) async throws -> [UInt8] {
        let record = try self.store.record(id, access: access, now: Self.now)
        let grant = try #require(DownloadGrant(record, access: access, expiresAt: Self.now))
        let reader = try self.store.reader(grant, now: Self.now)
        return Array(try await reader.read(0..<reader.size.bytes).readableBytesView)
    }

    func blobPath(_ id: FileID) -> String {
        "\(self.directory.path)/blobs/\(id.uuid.suffix(2))/\(id.uuid)"
    }

    /// What the `sqlite3` program says, a judge that is not ours.
    ///
    /// By `popen`: Foundation's `Process` crashes now and then in a process with hundreds of open descriptors.
    func sqlite3(_ sql: String) throws -> String {
        let query = "\(self.temporary.path)/\(UUID().uuidString).sql"
        try Data(sql.utf8).write(to: URL(filePath: query))
        let database = self.directory.path(of: Catalog.fileName)
        let pipe = try #require(popen("sqlite3 '\(database)' < '\(query)' 2>&1", "r"))
        defer { pclose(pipe) }
        var output: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4_096)
        while case let count = fread(&chunk, 1, chunk.count, pipe), count > 0 { output += chunk[..<count] }
        return String(decoding: output, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
