package import CloakroomStore
package import CloakroomSystem
package import Synchronization

/// The rows: organizations, API keys, files and deletions.
///
/// Durability: a write returns after COMMIT with `synchronous=FULL`, so what it wrote survives a power cut. The one
/// exception is the seal of a packed body, which the pack makes durable; start-up puts it into the row again.
package final class Catalog: Sendable {
    package struct OpenError: Error, CustomStringConvertible {
        /// What failed, for whoever starts the server.
        package let description: String
        /// Whether the database is not what SQLite wrote.
        package let isCorruption: Bool

        init(description: String, isCorruption: Bool = false) {
            self.description = description
            self.isCorruption = isCorruption
        }
    }

    /// What opens the catalogue.
    package enum Owner: Sendable {
        /// The server of the data directory.
        case server
        /// A command that may run beside a server, and writes.
        case command
        /// A command that only looks, also at what no server would start with.
        case check
    }

    /// The database's name in the data directory.
    package static let fileName = DataDirectory.catalogName
    /// The name of its write-ahead log.
    package static let logName = DataDirectory.walName

    private static let lookupCacheKibibytes = 48 * 1_024

    let writer: CatalogWriter
    package let readers: ReaderPool
    /// For look-ups of many rows that lie anywhere: they keep the upper pages of a large table, some 30 MB of five million
    /// files, and there are as many of them as threads that use them.
    let lookupReaders: ReaderPool
    /// What the start found of the WAL; `nil` for a command.
    package let examination: HistoryExamination?
    /// When the server before started, in seconds of the Unix epoch; `nil` where that is not known.
    let previousStart: Int64?
    let health: StorageHealth
    package let system: any OperatingSystem
    /// A loss that could not be noted, because the disk was full.
    package let unnotedLoss = Mutex<String?>(nil)
    /// Where the copy of the store's identity lies; `nil` before the start has come so far, and for a command.
    let history = Mutex<StoreHistory?>(nil)

    /// Opens the catalogue, creating or migrating it where needed.
    package init(
        directory: DataDirectory, owner: Owner, health: StorageHealth, reserve: DiskReserve? = nil
    ) throws(OpenError) {
        // Nothing is created where anything else of a store is there, and nothing is changed in a catalogue that is
        // older than the blobs, or of another store.
        let path = directory.path(of: Self.fileName)
        self.health = health
        self.system = directory.system
        do {
            switch owner {
            case .server: self.examination = try Self.examine(directory, health)
            case .command:
                try Self.checkHistory(beforeCommandIn: directory)
                self.examination = nil
            case .check:
                // Looking makes no database.
                guard try DataDirectory.content(of: directory.root) == .store else {
                    throw OpenError(description: DataDirectory.OpenError(noDatabaseAt: directory.path).description)
                }
                self.examination = nil
            }
            let fileSystem = directory.system.sqliteFileSystem
            let connection = try SQLiteConnection(
                path: path, role: owner == .server ? .writer : .command, fileSystem: fileSystem)
            self.previousStart = try Self.startTime(connection)
            try Self.migrate(connection, directory, owner)
            if owner == .server { try Self.addChecksums(connection, directory, health) }
            self.writer = CatalogWriter(
                connection: connection, health: health, reserve: reserve,
                events: owner == .server ? try EventSequence(connection) : nil)
            if owner == .command, let mark = try Self.mark(of: directory) { self.writer.keep(mark) }
            self.readers = ReaderPool(path: path, fileSystem: fileSystem, health: health)
            self.lookupReaders = ReaderPool(
                path: path, fileSystem: fileSystem, health: health, cacheKibibytes: Self.lookupCacheKibibytes)
        } catch let error as OpenError {
            throw error
        } catch let error as SQLiteError {
            throw OpenError(
                description: "\(path): SQLite \(error.code): \(error.message)", isCorruption: error.isCorruption)
        } catch let error as CatalogSchema.TooNew {
            throw OpenError(
                description:
                    "\(path): schema version \(error.found) is newer than \(error.known), the version of this program; use a newer program"
            )
        } catch {
            throw OpenError(description: "\(path): \(error)")
        }
    }

    /// Brings the database up to date, but not under a server, whose statements are of its own version.
    private static func migrate(_ connection: SQLiteConnection, _ directory: DataDirectory, _ owner: Owner) throws {
        guard owner != .server, try CatalogSchema.isEarlier(connection) else {
            return try CatalogSchema.migrate(connection)
        }
        let isDone: Void? = try directory.unlessServed { try CatalogSchema.migrate(connection) }
        guard isDone == nil else { return }
        throw OpenError(
            description: """
                \(directory.path(of: Self.fileName)) is in use by a server of an earlier version: restart the server with \
                this program first
                """)
    }

    /// Returns the mark of a store that a server has had: what a command commits is as easily lost.
    private static func mark(of directory: DataDirectory) throws(SystemCallError) -> HistoryMarkWriter? {
        guard let blobs = try Directory.find(DataDirectory.blobsName, in: directory.root),
            try blobs.contains(HistoryMarkWriter.name)
        else { return nil }
        return try HistoryMarkWriter(blobs: blobs, data: directory.root, continues: true)
    }

    /// Ends the writer after the changes that are queued; a server's leaves everything in the database, and no log.
    package func shutDown() async throws {
        await self.endHistory()
        try await self.writer.shutDown()
    }

    /// Makes sure that a transaction can be committed now, and with it everything that was committed before.
    package func checkWritable() async throws(StorageError) {
        let outcome = await withCheckedContinuation { continuation in
            self.flush { continuation.resume(returning: $0) }
        }
        try outcome.get()
    }

    /// Makes everything durable that has been queued; the completion is called once, on a thread that it must not hold
    /// up.
    func flush(completion: @escaping @Sendable (Result<Void, StorageError>) -> Void) {
        self.writer.write(
            { connection throws(SQLiteError) in
                // Rewrites the schema version with itself: a real page write and flush.
                let version = try connection.text(of: "PRAGMA user_version")
                try connection.execute("PRAGMA user_version = \(version)")
            }, completion: completion)
    }

    /// Makes everything durable that can be read, whatever became of earlier flushes: copies the WAL into the database,
    /// and flushes that.
    package func makeDurable() async throws(StorageError) {
        let outcome = await withCheckedContinuation { continuation in
            self.writer.checkpoint { continuation.resume(returning: $0) }
        }
        try outcome.get()
    }
}
