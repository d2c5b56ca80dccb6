import CloakroomDisk
package import CloakroomDomain
import CloakroomSQLite
package import CloakroomStore
package import CloakroomSystem
import NIOPosix

/// The default pair of engines, opened together: rows in SQLite, bytes on the local disk.
///
/// The one place that opens them: for the server, the commands, the tests and the benchmarks.
package struct LocalStore: Sendable {
    /// What may differ from one process to another.
    package struct Options: Sendable {
        /// The most blobs that are kept open for reading, each with a descriptor.
        package var openBlobs = 256
        /// What may differ of the use cases.
        package var storage = Storage.Options()
        /// How many threads wait for the disk.
        ///
        /// With enough of them, uploads that end together share a flush.
        package var diskThreads = 16
        /// How many threads read many rows at once, no more than cores.
        package var lookupThreads = 1
        /// The length of the reserve, in bytes.
        var reserveLength = DiskReserve.standardLength
        /// The full length of a pack, in bytes.
        var packLength = BlobStore.packLength
        /// Where uploads under way lie; `nil` for what the file system allows.
        var staging: BlobStore.Staging?

        /// The options of a store of its own.
        package init() {}
    }

    /// Where everything lies.
    package let directory: DataDirectory
    /// Whether writes are taken.
    package let health: StorageHealth
    /// Room that nobody else can take.
    package let reserve: DiskReserve
    package let pair: LocalPair
    /// What the service does on them.
    package let storage: Storage
    /// Deals with damage that readers and the scrub find.
    package let damage: DamageControl
    private let disk: NIOThreadPool
    private let lookups: NIOThreadPool
    private let events: NIOThreadPool

    /// Opens a store as its only server, and puts right what a crash left; ``begin(now:)`` counts its start.
    package static func open(
        _ directory: DataDirectory, health: StorageHealth, options: Options = Options(), now: Timestamp
    ) async throws -> LocalStore {
        let reserve = DiskReserve(directory: directory, length: options.reserveLength)
        let catalog = try Catalog(directory: directory, owner: .server, health: health, reserve: reserve)
        let store: LocalStore
        do {
            store = try LocalStore(directory, health, reserve, catalog, options)
        } catch {
            try? await catalog.shutDown()
            throw error
        }
        do {
            try await Recovery(store.pair, store.storage).run(now: now)
            return store
        } catch {
            try? await store.shutDown()
            throw error
        }
    }

    /// Opens the bytes beside the rows, and leaves everything as a crash left it.
    init(
        _ directory: DataDirectory, _ health: StorageHealth, _ reserve: DiskReserve, _ catalog: Catalog,
        _ options: Options
    ) throws(BlobStore.OpenError) {
        try Self.checkDirectories(of: directory, catalog)
        let (disk, lookups) = (Self.threads(options.diskThreads), Self.threads(max(1, options.lookupThreads)))
        let events = Self.threads(1)
        let rows = SQLiteRows(catalog, lookups: lookups, pages: disk, events: events)
        let shared = Storage.Shared(openBlobs: options.openBlobs)
        do throws(BlobStore.OpenError) {
            let blobs = try BlobStore(
                directory: directory, rows: rows, health: health, threads: disk, openBlobs: shared.openBlobs,
                openPacks: options.openBlobs, staging: options.staging, packLength: options.packLength)
            self.pair = LocalPair(catalog: catalog, blobs: blobs, shared: shared)
        } catch {
            for threads in [disk, lookups, events] { threads.shutdownGracefully { _ in } }
            throw error
        }
        (self.directory, self.health, self.reserve) = (directory, health, reserve)
        (self.disk, self.lookups, self.events) = (disk, lookups, events)
        self.damage = DamageControl(self.pair)
        self.storage = Storage(
            rows: rows, blobs: self.pair.blobs, shared: shared,
            ids: FileIDGenerator(clock: directory.system, entropy: directory.system), damage: self.damage,
            options: options.storage)
    }

    private static func threads(_ count: Int) -> NIOThreadPool {
        let threads = NIOThreadPool(numberOfThreads: count)
        threads.start()
        return threads
    }

    /// Counts the start in the store's history, once nothing can fail any more.
    package func begin(now: Timestamp) async throws(StorageError) {
        try await Recovery(self.pair, self.storage).beginRun(now: now)
    }

    /// Whether there is any file, of any organization.
    package func hasFiles() throws(StorageError) -> Bool { try self.pair.catalog.hasFiles() }

    /// Ends what is under way, and leaves everything in the database and the packs; throws what failed first, once the
    /// rest is ended.
    package func shutDown() async throws {
        var failures: [any Error] = []
        for step in [
            { try await self.events.shutdownGracefully() }, { try await self.lookups.shutdownGracefully() },
            { try await self.disk.shutdownGracefully() },
            { try await self.pair.blobs.shutDown() }, { try await self.pair.catalog.shutDown() },
        ] as [() async throws -> Void] {
            do { _ = try await step() } catch { failures.append(error) }
        }
        if let first = failures.first { throw first }
    }

    /// Ends the process's part as if it had been killed: the pack that is being written is not ended.
    func crash() async throws {
        try await self.pair.catalog.shutDown()
        for threads in [self.events, self.lookups, self.disk] { try await threads.shutdownGracefully() }
    }
}

extension LocalStore: EngineStatus {
    package var rejection: StorageHealth.Rejection? { self.health.rejection }

    package func checkWritable() async throws(StorageError) { try await self.pair.catalog.checkWritable() }

    package func findLostHistory() -> Lookup<LostHistory?> {
        Lookup { () throws(StorageError) in try self.pair.catalog.lostHistory() }
    }

    package func freeSpace() -> FreeSpace? { self.directory.freeSpace() }
}
