package import CloakroomDomain
package import CloakroomStore
package import CloakroomSystem
import Glibc
package import NIOPosix
import Synchronization

/// The bytes, which never change once they are sealed: small ones in packs, the others in a file each.
///
/// `packs/<number>`: see ``PackStore``. `<shard>/<uuid>`: 256 directories by the id's last byte, each held open, so that
/// a look-up is one `openat`.
///
/// A blob's own file gets its name in this order; the comment says what a crash after each step leaves:
/// 1. an unnamed file is written (`O_TMPFILE`): nothing, the kernel frees it;
/// 2. `fsync` of the file: nothing, as before;
/// 3. `linkat` under its name, which never replaces a file: a whole blob whose row is pending, or nothing;
/// 4. `fsync` of the directory: a whole blob whose row is pending. The next upload of the file or the next start seals
///    the file with it.
///
/// Only then does the row say ready, and only then is the client told.
package final class BlobStore: Sendable {
    /// How bytes are kept until they get their name.
    package enum Staging: Sendable {
        /// In an unnamed file, which a crash frees.
        case unnamed
        /// Under a temporary name, where the file system has no unnamed files; start-up removes what a crash left.
        case named
    }

    package struct OpenError: Error, CustomStringConvertible {
        /// What failed, for whoever starts the server.
        package let description: String

        package init(description: String) {
            self.description = description
        }
    }

    package static let directoryName = DataDirectory.blobsName
    package static let stagingName = "staging"
    package static let quarantineName = DataDirectory.quarantineName
    package static let shardCount = 256
    /// The full length of a pack of small blobs, in bytes.
    package static let packLength: Int64 = 32 * 1_024 * 1_024

    private let shards: [Directory]
    /// Where the shards and the packs lie.
    package let root: Directory
    /// Where what has no name yet gets one, for as long as it is being made.
    let stagingDirectory: Directory
    /// Where damaged blobs and those of no file are kept; only whoever runs the server removes them.
    let quarantine: Directory
    /// Where the catalogue lies.
    package let data: Directory
    let system: any OperatingSystem
    let staging: Staging
    package let health: StorageHealth
    let openBlobs: OpenBlobCache
    let rows: any LocatorRows
    /// For calls that block on the disk.
    let threads: NIOThreadPool
    package let metrics = QuarantineMetrics()
    let alignedBuffers = AlignedBufferPool()
    /// The small ones.
    package let packs: PackStore
    private let room = Mutex<Room?>(nil)
    private let nextStagingNumber = Atomic<UInt64>(0)

    /// Opens the blobs of a data directory, creating its directories and removing what a crash left half-written.
    ///
    /// - Parameters:
    ///   - directory: The data directory.
    ///   - rows: Which say where packed blobs are.
    ///   - health: Told of a failed flush.
    ///   - threads: For calls that block on the disk; started and ended by whoever made them.
    ///   - openBlobs: The blobs that are kept open for reading; emptied where descriptors run out.
    ///   - openPacks: The most packs that are kept open.
    ///   - staging: How to keep bytes until they get their name; `nil` finds out what the file system can do.
    ///   - packLength: The full length of a pack of small blobs, in bytes.
    /// - Throws: ``OpenError``.
    package init(
        directory: DataDirectory, rows: any LocatorRows, health: StorageHealth, threads: NIOThreadPool,
        openBlobs: OpenBlobCache, openPacks: Int = 256, staging: Staging? = nil,
        packLength: Int64 = BlobStore.packLength
    ) throws(OpenError) {
        self.health = health
        self.rows = rows
        self.threads = threads
        self.system = directory.system
        self.data = directory.root
        self.openBlobs = openBlobs
        do throws(SystemCallError) {
            let root = try Directory(in: directory.root, Self.directoryName)
            self.root = root
            self.stagingDirectory = try Directory(in: root, Self.stagingName)
            self.quarantine = try Directory(in: root, Self.quarantineName)
            self.staging = staging ?? Self.supportedStaging(root)
            self.shards = try Self.openShards(root)
            try Self.checkJournal(root)
            for name in try self.stagingDirectory.names() { try self.stagingDirectory.remove(name) }
            let packs = try Directory(in: root, PackStore.directoryName)
            try root.synchronize()
            try directory.root.synchronize()
            self.packs = PackStore(
                directory: packs, staging: self.stagingDirectory, packLength: packLength, openPacks: openPacks,
                rows: rows, health: health)
        } catch {
            let hint =
                error.code == ENOTEMPTY
                ? "; its journal contains uploads; start and stop the version that wrote it once" : ""
            throw OpenError(description: "\(directory.path(of: Self.directoryName)): \(error)\(hint)")
        }
    }

    /// Ends the packs, while the catalogue is still open; nothing is written afterwards, and the next start puts right
    /// what failed.
    package func shutDown() async throws {
        try await self.packs.writer.shutDown()
    }

    func directory(of id: FileID) -> Directory { self.shards[Int(id.shard)] }

    /// The same directories, for whoever opens blobs anew.
    package var tree: BlobTree { BlobTree(shards: self.shards, packs: self.packs.directory) }

    func nextTemporaryName() -> String {
        "\(self.nextStagingNumber.wrappingAdd(1, ordering: .relaxed).newValue)"
    }

    /// Passes while so many more bytes leave the reserve alone.
    func checkSpace(for size: ByteCount) throws(StorageError) {
        let now = self.system.uptimeNanoseconds
        let hasRoom = self.room.withLock { room in
            // Nothing is rejected by what was said before: a deletion may have made room since.
            if let room, now < room.until, room.free - DiskReserve.untouchedBytes >= size.bytes { return true }
            let free = self.stagingDirectory.freeSpace()?.bytes ?? Int64.max
            room = Room(free: free, until: now + Self.roomInterval)
            return free - DiskReserve.untouchedBytes >= size.bytes
        }
        guard hasRoom else { throw .full }
    }

    /// What the file system said last.
    private struct Room {
        let free: Int64
        /// Of the clock that never steps, in nanoseconds.
        let until: UInt64
    }

    /// How long that holds: asking for each upload costs more than it tells.
    private static let roomInterval: UInt64 = 20_000_000

    /// Runs a call that blocks on the disk on a thread that may block.
    package func onDisk<Value: Sendable>(
        _ body: @escaping @Sendable () throws(StorageError) -> Value
    ) async throws(StorageError) -> Value {
        try await self.threads.runBlocking(body)
    }

    // MARK: Names

    /// Removes the name of a blob's own file, and with it the blob once nobody reads it; not yet durable; returns
    /// whether there was one.
    @discardableResult
    func removeName(_ id: FileID) throws(StorageError) -> Bool {
        // A packed one is not found any more, because its row is gone; it is only not kept open either.
        defer { self.openBlobs.forget(id) }
        return try StorageError.throwing(SystemCallError.unlessMissing(self.directory(of: id).remove(id.uuid))) != nil
    }

    /// Whether the bytes of a ready file are there.
    package func contains(_ id: FileID, in slot: PackSlot?) throws(StorageError) -> Bool {
        if try self.hasOwnFile(id) { return true }
        guard let slot else { return false }
        return try self.packs.contains(slot, of: id)
    }

    /// Whether a blob has a file of its own.
    package func hasOwnFile(_ id: FileID) throws(StorageError) -> Bool {
        do throws(SystemCallError) {
            return try self.directory(of: id).contains(id.uuid)
        } catch {
            throw error.storageError
        }
    }

    /// Makes names and removals durable in the directories of some files.
    func synchronizeDirectories(of ids: [FileID]) throws(StorageError) {
        for shard in Set(ids.map(\.shard)) { try self.synchronize(self.shards[Int(shard)]) }
    }

    /// Makes the names in a directory durable.
    func synchronize(_ directory: Directory) throws(StorageError) {
        try self.rejectingWritesOnFailure { () throws(SystemCallError) in try directory.synchronize() }
    }

    /// Flushes something; no more writes are taken where that fails.
    func rejectingWritesOnFailure(_ flush: () throws(SystemCallError) -> Void) throws(StorageError) {
        do throws(SystemCallError) {
            try flush()
        } catch {
            self.health.rejectWrites(error.description)
            throw error.storageError
        }
    }
}
