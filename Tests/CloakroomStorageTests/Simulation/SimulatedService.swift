import CloakroomCrypto
import CloakroomDomain
import Logging
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

/// A store on a simulated machine, started as the server starts it.
struct SimulatedService {
    static let access: OrganizationAccess = {
        do { return try Fixture.access() } catch { fatalError("\(error)") }
    }()

    let machine: SimulatedMachine
    let health: StorageHealth
    let catalog: Catalog
    let blobs: BlobStore
    let store: TestedStore
    var storage: Storage { self.store.storage }
    var quarantine: FileQuarantine { self.store.quarantine }
    var recovery: Recovery { self.store.recovery }
    var damage: DamageControl { self.store.damage }
    var lostBodies: LostBodies { self.store.lostBodies }
    private let running: Running

    /// The store, which is let go when it has ended, and with it the directory's lock.
    private final class Running: Sendable {
        let local: Mutex<LocalStore?>

        init(_ local: LocalStore) {
            self.local = Mutex(local)
        }
    }

    private init(_ local: LocalStore, on machine: SimulatedMachine) {
        self.machine = machine
        (self.health, self.catalog, self.blobs) = (local.health, local.pair.catalog, local.pair.blobs)
        self.store = TestedStore(local)
        self.running = Running(local)
    }

    /// Starts it; what a crash left is put right.
    static func start(on machine: SimulatedMachine, now: Timestamp = Fixture.now) async throws -> SimulatedService {
        let health = StorageHealth(logger: Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() })
        let directory = try DataDirectory(path: machine.dataPath, exclusively: true, system: machine)
        var options = LocalStore.Options()
        (options.reserveLength, options.packLength, options.diskThreads) = (8_192, Fixture.packLength, 2)
        let local = try await LocalStore.open(directory, health: health, options: options, now: now)
        let service = SimulatedService(local, on: machine)
        do {
            try await local.begin(now: now)
            return service
        } catch {
            await service.end()
            throw error
        }
    }

    /// Ends it as SIGTERM does, as far as the machine still lets it.
    func end() async {
        let local = self.running.local.withLock { local in
            defer { local = nil }
            return local
        }
        try? await local?.shutDown()
    }

    // MARK: What a client does

    func declare(_ bytes: [UInt8]) async throws -> FileRecord {
        try await self.storage.uploads.request(
            try Fixture.declaration(size: bytes.count), access: Self.access, lifetimeSeconds: 3_600, now: Fixture.now)
    }

    func send(_ bytes: [UInt8], to id: FileID) async throws {
        let record = try self.store.record(id, access: Self.access, now: Fixture.now)
        let grant = try #require(UploadGrant(record, access: Self.access))
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        let future = try self.store.stage(grant).publish(
            last: ByteBuffer(bytes: bytes), trailing: [], now: Fixture.now, on: eventLoop)
        _ = try await future.get()
    }

    func sendNew(_ bytes: [UInt8], key: IdempotencyKey? = nil) async throws -> FileID {
        let uploads = self.storage.directUploads
        let staged = try await uploads.begin(
            access: Self.access, maximumSize: ByteCount(inMemory: 1_000_000), key: key, checksums: [])
        let record = try await uploads.publish(
            staged, last: [ByteBuffer(bytes: bytes)], filename: try Filename("a.png"),
            mediaType: try #require(MediaType("image/png")), now: Fixture.now)
        return record.id
    }

    func delete(_ id: FileID) async throws {
        try await self.storage.deletions.delete(id, access: Self.access, now: Fixture.now)
    }

    /// The bytes that a presigned URL gives, `nil` for 404.
    func bytes(of id: FileID) async throws -> [UInt8]? {
        let record = FileRecord(
            id: id, organization: Self.access.organization, declaration: try Fixture.declaration(size: 1),
            createdAt: Fixture.now, uploadExpiresAt: Fixture.now,
            status: .ready(.init(sha256: SHA256.hash([0]), uploadedAt: Fixture.now)))
        let grant = try #require(
            DownloadGrant(record, access: Self.access, expiresAt: Fixture.now.advanced(bySeconds: 3_600)))
        do throws(StorageError) {
            let reader = try self.store.reader(grant, now: Fixture.now)
            return Array(try await reader.read(0..<reader.size.bytes).readableBytesView)
        } catch {
            guard error == .notFound else { throw error }
            return nil
        }
    }

    func sweep(after seconds: Int64) async throws {
        let now = Fixture.now.advanced(bySeconds: seconds)
        while try await self.storage.retention.sweep(now: now) > 0 {}
    }
}
