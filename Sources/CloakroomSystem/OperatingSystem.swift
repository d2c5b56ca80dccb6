package import CloakroomDomain
package import CloakroomStore

/// What the storage asks of the operating system: files, the time, and chance.
///
/// Every call of this floor goes through here, SQLite's by ``sqliteFileSystem``. So a test can stand in for the machine: it
/// keeps what would survive a power cut, and lets any call fail. A method is one call, named in its comment, and does
/// what that does: it may write less than it was given, and be interrupted. Whoever repeats such calls does so above.
package protocol OperatingSystem: WallClock, EntropySource {
    // MARK: Names

    /// `openat(2)`; the descriptor is never inherited by a child process.
    func open(at directory: Int32, _ path: String, flags: Int32, mode: UInt32) throws(SystemCallError) -> Int32
    /// `close(2)`
    func close(_ descriptor: Int32)
    /// `mkdirat(2)`
    func makeDirectory(at directory: Int32, _ path: String, mode: UInt32) throws(SystemCallError)
    /// `linkat(2)` of an open file without a name, which gets one; it never replaces a file.
    func link(_ descriptor: Int32, at directory: Int32, as name: String) throws(SystemCallError)
    /// `linkat(2)`: another name for a file; it never replaces a file.
    func link(
        at directory: Int32, _ name: String, at newDirectory: Int32, as newName: String
    ) throws(SystemCallError)
    /// `renameat(2)`, which replaces a file of the new name.
    func rename(
        at directory: Int32, _ name: String, at newDirectory: Int32, as newName: String
    ) throws(SystemCallError)
    /// `unlinkat(2)`
    func unlink(at directory: Int32, _ name: String) throws(SystemCallError)
    /// `unlinkat(2)` with `AT_REMOVEDIR`: removes a directory in which there is nothing.
    func removeDirectory(at directory: Int32, _ name: String) throws(SystemCallError)
    /// `faccessat(2)`: whether there is something of that name.
    func exists(at directory: Int32, _ name: String) throws(SystemCallError) -> Bool
    /// `readdir(3)`: the names in a directory, but for `.` and `..`.
    func names(in directory: Int32) throws(SystemCallError) -> [String]

    // MARK: Content

    /// `write(2)`: how many bytes it took.
    func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) throws(SystemCallError) -> Int
    /// `pwrite(2)`: how many bytes it took.
    func write(
        _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, at offset: Int64
    ) throws(SystemCallError) -> Int
    /// `pread(2)`: how many bytes it gave, none at the end.
    func read(
        into buffer: UnsafeMutableRawBufferPointer, from descriptor: Int32, at offset: Int64
    ) throws(SystemCallError) -> Int
    /// `preadv2(2)` with `RWF_NOWAIT`: what is in memory; it fails with `EAGAIN` rather than wait for the disk.
    func readCached(
        into buffer: UnsafeMutableRawBufferPointer, from descriptor: Int32, at offset: Int64
    ) throws(SystemCallError) -> Int
    /// `fsync(2)`
    func synchronize(_ descriptor: Int32) throws(SystemCallError)
    /// `fdatasync(2)`
    func synchronizeData(_ descriptor: Int32) throws(SystemCallError)
    /// `ftruncate(2)`
    func truncate(_ descriptor: Int32, to length: Int64) throws(SystemCallError)
    /// `posix_fallocate(3)`: sets room aside from the beginning on, and makes the file so long.
    func allocate(_ descriptor: Int32, length: Int64) throws(SystemCallError)
    /// `fallocate(2)` with `FALLOC_FL_PUNCH_HOLE`: a part reads as zeros and takes no room.
    func punchHole(in descriptor: Int32, at offset: Int64, length: Int64) throws(SystemCallError)
    /// `lseek(2)` with `SEEK_DATA`: where the next bytes are that are no hole, `nil` where there are none.
    func nextData(in descriptor: Int32, from offset: Int64) throws(SystemCallError) -> Int64?
    /// `posix_fadvise(2)` with `POSIX_FADV_DONTNEED`: the next reader gets what the disk has.
    func dropCache(of descriptor: Int32, at offset: Int64, length: Int64)
    /// `posix_fadvise(2)` with `POSIX_FADV_RANDOM`: what is read by this descriptor brings nothing else into memory.
    func readNothingAhead(of descriptor: Int32)
    /// `ioctl(2)` with `FICLONE`: makes a file share the content of another, until one of them changes.
    func clone(_ source: Int32, to descriptor: Int32) throws(SystemCallError)

    // MARK: The rest of a file

    /// `fstat(2)`
    func status(of descriptor: Int32) throws(SystemCallError) -> FileStatus
    /// `fcntl(2)` with `F_SETFL`
    func setFlags(of descriptor: Int32, _ flags: Int32) throws(SystemCallError)
    /// `fchmod(2)`
    func setMode(of descriptor: Int32, _ mode: UInt32) throws(SystemCallError)
    /// `flock(2)`
    func lock(_ descriptor: Int32, _ operation: Int32) throws(SystemCallError)
    /// `fstatvfs(3)`: the room there is, as unprivileged users see it.
    func space(on descriptor: Int32) throws(SystemCallError) -> FreeSpace

    // MARK: Time and chance

    /// `clock_gettime(2)` of the clock that never steps, in nanoseconds.
    var uptimeNanoseconds: UInt64 { get }
    /// What tells this run of the machine from every other, 16 bytes: what was written and not flushed in another may be
    /// lost, in this one it is not.
    var bootIdentity: [UInt8] { get }

    /// The name of the `sqlite3_vfs` by which SQLite makes its own calls; `nil` for SQLite's.
    var sqliteFileSystem: String? { get }
    /// Whether a file without a name can be given one.
    var linksUnnamedFiles: Bool { get }
}

/// What a file says of itself.
package struct FileStatus: Hashable, Sendable {
    /// In bytes.
    package let size: Int64
    /// When it was changed last, in nanoseconds of the Unix epoch.
    package let modified: Int64
    /// When its content, its names or its mode were changed last, in nanoseconds of the Unix epoch.
    package let changed: Int64
    /// Its type and permissions.
    package let mode: UInt32
    /// What tells it from every other file: its device and number.
    package let identity: Identity
    /// How many names it has.
    package let links: Int

    /// A file's device and number.
    package struct Identity: Hashable, Sendable {
        package let device: UInt64
        package let number: UInt64
    }
}
