public import CloakroomDomain
import NIOPosix

/// The default pair of engines, opened together: rows in SQLite, bytes on the local disk.
///
/// The server and its tests open them here. A command that needs only rows opens a ``Catalog``.
public struct LocalStore: Sendable {
    /// What may differ from one process to another.
    public struct Options: Sendable {
        /// The most blobs that are kept open for reading, each with a descriptor.
        public var openBlobs = 256
        /// When large blobs are verified while they are read.
        public var verification = ReadVerification.first
        /// The longest life of a presigned URL, by default SigV4's seven days.
        public var urlLifetimeSeconds: Int64 = 604_800
        /// How many threads wait for the disk.
        ///
        /// With enough of them, uploads that end together share a flush.
        public var diskThreads = 16
        /// How many threads read many rows at once, no more than cores; 0 leaves it to those of the disk.
        public var lookupThreads = 0
        /// The length of the reserve, in bytes.
        var reserveLength = DiskReserve.standardLength
        /// The full length of a pack, in bytes.
        var packLength = BlobStore.packLength
        /// Where uploads under way lie; `nil` for what the file system allows.
        var staging: BlobStore.Staging?

        /// The options of a store of its own.
        public init() {}
    }

    /// Where everything lies.
    public let directory: DataDirectory
    /// Whether writes are taken.
    public let health: StorageHealth
    /// Room that nobody else can take.
    public let reserve: DiskReserve
    /// The rows.
    public let catalog: Catalog
    /// The bytes.
    public let blobs: BlobStore
    /// Rows and bytes as one thing.
    public let files: FileStore
    private let disk: NIOThreadPool
    private let lookups: NIOThreadPool?

    /// Opens a store as its only server, and puts right what a crash left.
    ///
    /// - Parameters:
    ///   - directory: The data directory, opened exclusively.
    ///   - health: Told of failures.
    ///   - options: What may differ.
    ///   - now: The current time.
    /// - Returns: The store, whose start is not counted yet: ``begin(now:)``.
    /// - Throws: What failed; then nothing is left open.
    public static func open(
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
            try await store.files.recover(now: now)
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
        self.blobs = try BlobStore(
            directory: directory, catalog: catalog, health: health, openBlobs: options.openBlobs,
            staging: options.staging, packLength: options.packLength)
        (self.directory, self.health, self.reserve, self.catalog) = (directory, health, reserve, catalog)
        self.disk = Self.threads(options.diskThreads)
        self.lookups = options.lookupThreads > 0 ? Self.threads(options.lookupThreads) : nil
        self.files = FileStore(
            catalog: catalog, blobs: self.blobs, disk: self.disk, lookups: self.lookups,
            verification: options.verification, urlLifetimeSeconds: options.urlLifetimeSeconds)
    }

    private static func threads(_ count: Int) -> NIOThreadPool {
        let threads = NIOThreadPool(numberOfThreads: count)
        threads.start()
        return threads
    }

    /// Counts the start in the store's history, once nothing can fail any more.
    ///
    /// - Parameter now: The current time.
    /// - Throws: ``StorageError``.
    public func begin(now: Timestamp) async throws(StorageError) { try await self.files.beginRun(now: now) }

    /// Ends what is under way, and leaves everything in the database and the packs.
    ///
    /// - Throws: What failed first; the rest is ended all the same.
    public func shutDown() async throws {
        var failures: [any Error] = []
        for step in [
            { try await self.lookups?.shutdownGracefully() }, { try await self.disk.shutdownGracefully() },
            { try await self.blobs.shutDown() }, { try await self.catalog.shutDown() },
        ] as [() async throws -> Void?] {
            do { _ = try await step() } catch { failures.append(error) }
        }
        if let first = failures.first { throw first }
    }

    /// Ends the process's part as if it had been killed: the pack that is being written is not ended.
    func crash() async throws {
        try await self.catalog.shutDown()
        try await self.lookups?.shutdownGracefully()
        try await self.disk.shutdownGracefully()
    }
}
