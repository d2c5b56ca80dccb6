import CLinux
import CloakroomDomain
import NIOCore
import Synchronization

import Glibc

/// The bytes, which never change once they are sealed: small ones in packs, the others in a file each.
///
/// `packs/<number>`: see ``PackStore``. `<shard>/<uuid>`: 256 directories by the id's last byte, each held open, so that
/// a look-up is one `openat`.
///
/// A blob's own file gets its name in this order; the comment says what a crash after each step leaves:
/// 1. an unnamed file is written (`O_TMPFILE`): nothing, the kernel frees it;
/// 2. `fsync` of the file: nothing, as before;
/// 3. `linkat` under its name, which never replaces a file: a whole blob whose row is pending, or nothing;
/// 4. `fsync` of the directory: a whole blob whose row is pending. The next upload of the file replaces it, and the
///    sweep removes it.
///
/// Only then does the row say ready, and only then is the client told.
public final class BlobStore: Sendable {
    /// How bytes are kept until they get their name.
    public enum Staging: Sendable {
        /// In an unnamed file, which a crash frees.
        case unnamed
        /// Under a temporary name, where the file system has no unnamed files; start-up removes what a crash left.
        case named
    }

    /// The blobs could not be opened.
    public struct OpenError: Error, CustomStringConvertible {
        /// What failed, for whoever starts the server.
        public let description: String
    }

    static let directoryName = "blobs"
    static let stagingName = "staging"
    private static let shardCount = 256

    private let shards: [Int32]
    private let stagingDirectory: FileDescriptor
    let staging: Staging
    let health: StorageHealth
    private let openBlobs: OpenBlobCache
    let alignedBuffers = AlignedBufferPool()
    /// The small ones.
    let packs: PackStore
    private let room = Mutex<Room?>(nil)
    private let nextStagingNumber = Atomic<UInt64>(0)

    /// Opens the blobs of a data directory, creating its directories and removing what a crash left half-written.
    ///
    /// - Parameters:
    ///   - directory: The data directory.
    ///   - catalog: The rows, which say where packed blobs are.
    ///   - health: Told of a failed flush.
    ///   - openBlobs: The most blobs that are kept open for reading, each with a descriptor.
    ///   - staging: How to keep bytes until they get their name; `nil` finds out what the file system can do.
    ///   - packLength: The full length of a pack of small blobs, in bytes.
    /// - Throws: ``OpenError``.
    public init(
        directory: DataDirectory, catalog: Catalog, health: StorageHealth, openBlobs: Int = 256,
        staging: Staging? = nil,
        packLength: Int64 = 32 * 1_024 * 1_024
    ) throws(OpenError) {
        self.health = health
        self.openBlobs = OpenBlobCache(capacity: openBlobs)
        do throws(SystemCallError) {
            let root = try Self.openDirectory(at: directory.rawDescriptor, Self.directoryName)
            self.stagingDirectory = try Self.openDirectory(at: root.rawValue, Self.stagingName)
            self.staging = staging ?? Self.supportedStaging(root.rawValue)
            self.shards = try Self.openShards(root)
            try Self.checkJournal(root)
            for name in try Self.entries(of: self.stagingDirectory.rawValue) {
                unlinkat(self.stagingDirectory.rawValue, name, 0)
            }
            self.packs = try PackStore(
                root: root.rawValue, staging: self.stagingDirectory.rawValue, packLength: packLength,
                openPacks: openBlobs, catalog: catalog, health: health)
            try root.synchronize()
            try directory.synchronize()
        } catch {
            let hint =
                error.code == ENOTEMPTY
                ? "; its journal holds uploads: start and stop the version that wrote it once" : ""
            throw OpenError(description: "\(directory.path(of: Self.directoryName)): \(error)\(hint)")
        }
    }

    deinit {
        for shard in self.shards { close(shard) }
    }

    /// Ends the packs, while the catalogue is still open; nothing is written afterwards.
    ///
    /// - Throws: What failed; the next start puts it right.
    public func shutDown() async throws {
        try await self.packs.writer.shutDown()
    }

    /// Removes the journal that an earlier version kept small blobs in, unless it holds some.
    private static func checkJournal(_ root: borrowing FileDescriptor) throws(SystemCallError) {
        let name = "journal"
        do throws(SystemCallError) {
            let journal = try FileDescriptor(at: root.rawValue, name, flags: O_RDONLY | O_NOFOLLOW).readAll()
            // Each half began with a record until a clean shutdown.
            for start in [0, journal.count / 2] where journal[start...].starts(with: Array("CLKBLOB1".utf8)) {
                throw SystemCallError(.openat, code: ENOTEMPTY)
            }
            unlinkat(root.rawValue, name, 0)
        } catch {
            guard error.code == ENOENT else { throw error }
        }
    }

    private static func openShards(_ root: borrowing FileDescriptor) throws(SystemCallError) -> [Int32] {
        var shards: [Int32] = []
        for shard in 0..<Self.shardCount {
            let digits = String(shard, radix: 16)
            let name = digits.utf8.count == 1 ? "0" + digits : digits
            shards.append(try Self.openDirectory(at: root.rawValue, name).release())
        }
        return shards
    }

    static func openDirectory(at parent: Int32, _ name: String) throws(SystemCallError) -> FileDescriptor {
        guard mkdirat(parent, name, 0o700) == 0 || errno == EEXIST else { throw SystemCallError(.mkdirat) }
        return try FileDescriptor(at: parent, name, flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    }

    /// Unnamed files need the file system's support, and `/proc` to give them a name.
    private static func supportedStaging(_ directory: Int32) -> Staging {
        guard let file = try? FileDescriptor(at: directory, ".", flags: CLOAKROOM_O_TMPFILE | O_RDWR) else {
            return .named
        }
        return access(Self.procPath(of: file.rawValue), F_OK) == 0 ? .unnamed : .named
    }

    /// The names in a directory.
    static func entries(of directory: Int32) throws(SystemCallError) -> [String] {
        let copy = try FileDescriptor(at: directory, ".", flags: O_RDONLY | O_DIRECTORY).release()
        guard let stream = fdopendir(copy) else {
            close(copy)
            throw SystemCallError(.opendir)
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                // `d_name` is a NUL-terminated array within the entry, which lives until the next `readdir`.
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    static func procPath(of descriptor: Int32) -> String { "/proc/self/fd/\(descriptor)" }

    func directory(of id: FileID) -> Int32 { self.shards[Int(id.shard)] }

    var stagingDescriptor: Int32 { self.stagingDirectory.rawValue }

    func nextTemporaryName() -> String {
        "\(self.nextStagingNumber.wrappingAdd(1, ordering: .relaxed).newValue)"
    }

    /// Room on the disk, in bytes, that uploads leave alone, so that the catalogue can always commit a deletion.
    public static let reserveBytes: Int64 = 32 * 1_024 * 1_024

    /// Passes while so many more bytes leave the reserve alone.
    func checkRoom(for size: ByteCount) throws(StorageError) {
        let now = NIODeadline.now()
        let hasRoom = self.room.withLock { room in
            // Nothing is refused by what was said before: a deletion may have made room since.
            if let room, now < room.until, room.free - Self.reserveBytes >= size.bytes { return true }
            let free = Self.freeBytes(of: self.stagingDirectory.rawValue) ?? Int64.max
            room = Room(free: free, until: now + Self.roomInterval)
            return free - Self.reserveBytes >= size.bytes
        }
        guard hasRoom else { throw .full }
    }

    /// What the file system said last.
    private struct Room {
        let free: Int64
        let until: NIODeadline
    }

    /// How long that holds: asking for each upload costs more than it tells.
    private static let roomInterval = TimeAmount.milliseconds(20)

    /// How many bytes are free on the file system of an open file; `nil` where it does not say.
    static func freeBytes(of descriptor: Int32) -> Int64? {
        var status = statvfs()
        guard fstatvfs(descriptor, &status) == 0 else { return nil }
        return Int64(clamping: UInt64(status.f_bavail) * UInt64(status.f_frsize))
    }

    // MARK: Sealed blobs

    /// Opens a sealed blob.
    ///
    /// - Parameter grant: The right to read it.
    /// - Returns: The open blob, or `nil` where there is none: only proven absence says so.
    /// - Throws: ``StorageError`` for every other failure.
    func open(_ grant: DownloadGrant) throws(StorageError) -> OpenBlob? {
        let id = grant.fileID
        switch self.openBlobs.find(id) {
        case .hit(let blob): return blob
        case .miss(let ticket):
            guard let blob = try self.openAnew(id) else { return nil }
            self.openBlobs.keep(blob, id, ticket)
            return blob
        }
    }

    private func openAnew(_ id: FileID) throws(StorageError) -> OpenBlob? {
        if let blob = try self.openOwnFile(id) { return blob }
        return try self.packs.open(id)
    }

    private func openOwnFile(_ id: FileID) throws(StorageError) -> OpenBlob? {
        do throws(SystemCallError) {
            let file = try self.openFile(id)
            let size = try file.status().size
            return OpenBlob(file: file, size: ByteCount(size) ?? .zero)
        } catch {
            if error.code == ENOENT { return nil }
            throw error.storageError
        }
    }

    private func openFile(_ id: FileID) throws(SystemCallError) -> FileDescriptor {
        do throws(SystemCallError) {
            return try FileDescriptor(at: self.directory(of: id), id.uuid, flags: O_RDONLY | O_NOFOLLOW)
        } catch {
            guard error.code == EMFILE || error.code == ENFILE else { throw error }
            // Descriptors have run out: those that are only kept are the first to go.
            self.openBlobs.removeAll()
            return try FileDescriptor(at: self.directory(of: id), id.uuid, flags: O_RDONLY | O_NOFOLLOW)
        }
    }

    /// Removes the name of a blob's own file, and with it the blob once nobody reads it; not yet durable.
    ///
    /// A packed one is not found any more, because its row is gone; it is only not kept open either.
    ///
    /// - Parameter id: The file.
    /// - Returns: Whether there was one.
    /// - Throws: ``StorageError``.
    @discardableResult
    func remove(_ id: FileID) throws(StorageError) -> Bool {
        let code = unlinkat(self.directory(of: id), id.uuid, 0) == 0 ? 0 : errno
        self.openBlobs.forget(id)
        guard code == 0 || code == ENOENT else { throw SystemCallError(.unlinkat, code: code).storageError }
        return code == 0
    }

    /// Opens a blob anew for whoever comes next.
    func forgetOpen(_ id: FileID) { self.openBlobs.forget(id) }

    /// Whether the bytes of a ready file are there.
    func contains(_ id: FileID) throws(StorageError) -> Bool {
        if self.hasOwnFile(id) { return true }
        return try self.packs.contains(id)
    }

    /// Whether a blob has a file of its own.
    func hasOwnFile(_ id: FileID) -> Bool {
        faccessat(self.directory(of: id), id.uuid, F_OK, 0) == 0
    }

    /// Makes names and removals durable in the directories of some files.
    ///
    /// - Parameter ids: The files.
    /// - Throws: ``StorageError``.
    func synchronizeDirectories(of ids: [FileID]) throws(StorageError) {
        for shard in Set(ids.map(\.shard)) { try self.synchronize(self.shards[Int(shard)]) }
    }

    func synchronize(_ descriptor: Int32) throws(StorageError) {
        guard fsync(descriptor) == 0 else {
            let error = SystemCallError(.fsync)
            self.health.refuseWrites(error.description)
            throw error.storageError
        }
    }
}
