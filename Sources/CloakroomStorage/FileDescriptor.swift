import Glibc

/// An open file descriptor, closed when the value goes.
struct FileDescriptor: ~Copyable, Sendable {
    let rawValue: Int32

    /// Takes ownership of a descriptor.
    init(owning rawValue: Int32) {
        self.rawValue = rawValue
    }

    deinit {
        close(self.rawValue)
    }

    /// Opens a file relative to a directory, never inherited by a child process.
    init(at directory: Int32, _ path: String, flags: Int32, mode: mode_t = 0o600) throws(SystemCallError) {
        self.rawValue = Int32(
            try retryingInterrupted(.openat) { Int(openat(directory, path, flags | O_CLOEXEC, mode)) })
    }

    /// Gives the descriptor away: whoever takes it closes it.
    consuming func release() -> Int32 {
        let rawValue = self.rawValue
        discard self
        return rawValue
    }

    /// Writes every byte to an open file.
    static func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) throws(SystemCallError) {
        var offset = 0
        while offset < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[offset...])
            offset += try retryingInterrupted(.write) { write(descriptor, rest.baseAddress, rest.count) }
        }
    }

    /// Writes every byte to an open file from an offset on, which leaves the file's own position alone.
    static func writeAll(
        _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, at offset: Int64
    ) throws(SystemCallError) {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            let position = off_t(offset) + off_t(done)
            done += try retryingInterrupted(.write) { pwrite(descriptor, rest.baseAddress, rest.count, position) }
        }
    }

    /// Returns when everything written to the file is on the disk, as far as the disk honours a flush.
    ///
    /// Not repeated when it fails: the kernel may have dropped the data already.
    borrowing func synchronize() throws(SystemCallError) {
        guard fsync(self.rawValue) == 0 else { throw SystemCallError(.fsync) }
    }

    /// The file's length in bytes, its modification time in nanoseconds and its mode.
    borrowing func status() throws(SystemCallError) -> (size: Int64, modified: Int64, mode: mode_t) {
        var status = stat()
        guard fstat(self.rawValue, &status) == 0 else { throw SystemCallError(.fstat) }
        let modified = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
        return (Int64(status.st_size), modified, status.st_mode)
    }

    /// Reads the whole file.
    borrowing func readAll() throws(SystemCallError) -> [UInt8] {
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 * 1_024)
        while true {
            let offset = content.count
            let count = try retryingInterrupted(.read) { pread(self.rawValue, &chunk, chunk.count, off_t(offset)) }
            if count == 0 { return content }
            content.append(contentsOf: chunk[..<count])
        }
    }
}
