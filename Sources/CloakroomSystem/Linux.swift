import CLinux
import CloakroomCrypto
package import CloakroomStore
import Glibc

package struct Linux: OperatingSystem {
    package init() {}

    /// Captures `errno` where a call says that it failed.
    @discardableResult
    private func check<Value: SignedInteger>(_ call: SystemCall, _ result: Value) throws(SystemCallError) -> Value {
        guard result >= 0 else { throw SystemCallError(call, code: errno) }
        return result
    }

    // MARK: Names

    package func open(at directory: Int32, _ path: String, flags: Int32, mode: UInt32) throws(SystemCallError) -> Int32
    {
        try self.check(.openat, openat(directory, path, flags | O_CLOEXEC, mode))
    }

    package func close(_ descriptor: Int32) {
        Glibc.close(descriptor)
    }

    package func makeDirectory(at directory: Int32, _ path: String, mode: UInt32) throws(SystemCallError) {
        try self.check(.mkdirat, mkdirat(directory, path, mode))
    }

    package func link(_ descriptor: Int32, at directory: Int32, as name: String) throws(SystemCallError) {
        let path = "/proc/self/fd/\(descriptor)"
        try self.check(.linkat, linkat(AT_FDCWD, path, directory, name, AT_SYMLINK_FOLLOW))
    }

    package func link(
        at directory: Int32, _ name: String, at newDirectory: Int32, as newName: String
    ) throws(SystemCallError) {
        try self.check(.linkat, linkat(directory, name, newDirectory, newName, 0))
    }

    package func rename(
        at directory: Int32, _ name: String, at newDirectory: Int32, as newName: String
    ) throws(SystemCallError) {
        try self.check(.renameat, renameat(directory, name, newDirectory, newName))
    }

    package func unlink(at directory: Int32, _ name: String) throws(SystemCallError) {
        try self.check(.unlinkat, unlinkat(directory, name, 0))
    }

    package func removeDirectory(at directory: Int32, _ name: String) throws(SystemCallError) {
        try self.check(.unlinkat, unlinkat(directory, name, AT_REMOVEDIR))
    }

    package func exists(at directory: Int32, _ name: String) throws(SystemCallError) -> Bool {
        if faccessat(directory, name, F_OK, 0) == 0 { return true }
        guard errno == ENOENT else { throw SystemCallError(.faccessat) }
        return false
    }

    package func names(in directory: Int32) throws(SystemCallError) -> [String] {
        let copy = try self.open(at: directory, ".", flags: O_RDONLY | O_DIRECTORY, mode: 0)
        guard let stream = fdopendir(copy) else {
            let error = SystemCallError(.opendir)
            self.close(copy)
            throw error
        }
        defer { closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else { break }
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                // `d_name` is a NUL-terminated array within the entry, which lives until the next `readdir`.
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        guard errno == 0 else { throw SystemCallError(.readdir) }
        return names
    }

    // MARK: Content

    package func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) throws(SystemCallError) -> Int {
        try self.check(.write, Glibc.write(descriptor, bytes.baseAddress, bytes.count))
    }

    package func write(
        _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, at offset: Int64
    ) throws(SystemCallError) -> Int {
        try self.check(.write, pwrite(descriptor, bytes.baseAddress, bytes.count, off_t(offset)))
    }

    package func read(
        into buffer: UnsafeMutableRawBufferPointer, from descriptor: Int32, at offset: Int64
    ) throws(SystemCallError) -> Int {
        try self.check(.read, pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset)))
    }

    package func readCached(
        into buffer: UnsafeMutableRawBufferPointer, from descriptor: Int32, at offset: Int64
    ) throws(SystemCallError) -> Int {
        var vector = iovec(iov_base: buffer.baseAddress, iov_len: buffer.count)
        return try self.check(.read, preadv2(descriptor, &vector, 1, off_t(offset), CLOAKROOM_RWF_NOWAIT))
    }

    package func synchronize(_ descriptor: Int32) throws(SystemCallError) {
        try self.check(.fsync, fsync(descriptor))
    }

    package func synchronizeData(_ descriptor: Int32) throws(SystemCallError) {
        try self.check(.fsync, fdatasync(descriptor))
    }

    package func truncate(_ descriptor: Int32, to length: Int64) throws(SystemCallError) {
        try self.check(.ftruncate, ftruncate(descriptor, off_t(length)))
    }

    package func allocate(_ descriptor: Int32, length: Int64) throws(SystemCallError) {
        let code = posix_fallocate(descriptor, 0, off_t(length))
        guard code == 0 else { throw SystemCallError(.fallocate, code: code) }
    }

    package func punchHole(in descriptor: Int32, at offset: Int64, length: Int64) throws(SystemCallError) {
        let flags = CLOAKROOM_FALLOC_FL_PUNCH_HOLE | CLOAKROOM_FALLOC_FL_KEEP_SIZE
        try self.check(.fallocate, fallocate(descriptor, flags, off_t(offset), off_t(length)))
    }

    package func nextData(in descriptor: Int32, from offset: Int64) throws(SystemCallError) -> Int64? {
        let position = lseek(descriptor, off_t(offset), CLOAKROOM_SEEK_DATA)
        if position >= 0 { return Int64(position) }
        guard errno == ENXIO else { throw SystemCallError(.lseek) }
        return nil
    }

    package func dropCache(of descriptor: Int32, at offset: Int64, length: Int64) {
        posix_fadvise(descriptor, off_t(offset), off_t(length), POSIX_FADV_DONTNEED)
    }

    package func readNothingAhead(of descriptor: Int32) {
        posix_fadvise(descriptor, 0, 0, POSIX_FADV_RANDOM)
    }

    package func clone(_ source: Int32, to descriptor: Int32) throws(SystemCallError) {
        try self.check(.ioctl, cloakroom_clone(descriptor, source))
    }

    // MARK: The rest of a file

    package func status(of descriptor: Int32) throws(SystemCallError) -> FileStatus {
        var status = stat()
        try self.check(.fstat, fstat(descriptor, &status))
        return FileStatus(
            size: Int64(status.st_size),
            modified: Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec),
            changed: Int64(status.st_ctim.tv_sec) * 1_000_000_000 + Int64(status.st_ctim.tv_nsec),
            mode: status.st_mode, identity: .init(device: UInt64(status.st_dev), number: UInt64(status.st_ino)),
            links: Int(status.st_nlink))
    }

    package func setFlags(of descriptor: Int32, _ flags: Int32) throws(SystemCallError) {
        try self.check(.fcntl, fcntl(descriptor, F_SETFL, flags))
    }

    package func setMode(of descriptor: Int32, _ mode: UInt32) throws(SystemCallError) {
        try self.check(.fchmod, fchmod(descriptor, mode))
    }

    package func lock(_ descriptor: Int32, _ operation: Int32) throws(SystemCallError) {
        try self.check(.flock, flock(descriptor, operation))
    }

    package func space(on descriptor: Int32) throws(SystemCallError) -> FreeSpace {
        var status = statvfs()
        try self.check(.fstatvfs, fstatvfs(descriptor, &status))
        // A file system without a fixed number of inodes reports 0 in all and 0 free.
        return FreeSpace(
            bytes: Int64(clamping: UInt64(status.f_bavail) * UInt64(status.f_frsize)),
            files: status.f_files == 0 ? nil : Int64(clamping: UInt64(status.f_favail)),
            isReadOnly: UInt64(status.f_flag) & UInt64(ST_RDONLY) != 0)
    }

    // MARK: Time and chance

    package var milliseconds: Int64 {
        let time = Self.time(CLOCK_REALTIME)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }

    package var uptimeNanoseconds: UInt64 {
        let time = Self.time(CLOCK_MONOTONIC)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    private static func time(_ clock: clockid_t) -> timespec {
        var time = timespec()
        clock_gettime(clock, &time)
        return time
    }

    private static let bootIdentityLength = 16

    /// `/proc/sys/kernel/random/boot_id`; bytes that are never the same where that cannot be read.
    package var bootIdentity: [UInt8] {
        let path = "/proc/sys/kernel/random/boot_id"
        let text = try? FileDescriptor(at: AT_FDCWD, path, flags: O_RDONLY, system: self).read(count: 36, at: 0)
        let digits = text?.filter { $0 != UInt8(ascii: "-") }
        if let bytes = digits.flatMap({ Hexadecimal.decode($0) }), bytes.count == Self.bootIdentityLength {
            return bytes
        }
        return (try? self.randomBytes(count: Self.bootIdentityLength)) ?? []
    }

    package func randomBytes(count: Int) throws(StorageError) -> [UInt8] {
        do {
            return try RandomBytes.generate(count: count)
        } catch {
            throw .failed("\(error)")
        }
    }

    package var sqliteFileSystem: String? { nil }

    package var linksUnnamedFiles: Bool { access("/proc/self/fd", F_OK) == 0 }
}
