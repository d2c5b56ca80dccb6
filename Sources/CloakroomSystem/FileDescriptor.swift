/// An open file descriptor, closed when the value goes.
package struct FileDescriptor: ~Copyable, Sendable {
    package let rawValue: Int32
    package let system: any OperatingSystem

    /// Opens a file relative to a directory, never inherited by a child process.
    package init(
        at directory: Int32, _ path: String, flags: Int32, mode: UInt32 = 0o600, system: any OperatingSystem
    ) throws(SystemCallError) {
        self.system = system
        self.rawValue = try retryingInterrupted { () throws(SystemCallError) in
            try system.open(at: directory, path, flags: flags, mode: mode)
        }
    }

    deinit {
        self.system.close(self.rawValue)
    }

    /// Writes every byte where the last write ended.
    package borrowing func writeAll(_ bytes: UnsafeRawBufferPointer) throws(SystemCallError) {
        let (system, descriptor) = (self.system, self.rawValue)
        try Self.all(bytes) { rest, _ throws(SystemCallError) in try system.write(rest, to: descriptor) }
    }

    /// Writes every byte from an offset on, which leaves the file's own position alone.
    package borrowing func writeAll(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(SystemCallError) {
        let (system, descriptor) = (self.system, self.rawValue)
        try Self.all(bytes) { rest, done throws(SystemCallError) in
            try system.write(rest, to: descriptor, at: offset + Int64(done))
        }
    }

    /// Writes every byte of an array from an offset on.
    package borrowing func writeAll(_ bytes: [UInt8], at offset: Int64) throws(SystemCallError) {
        let outcome = bytes.withUnsafeBytes { bytes in
            // The array's bytes are readable for the call; writing keeps nothing of them.
            Result { () throws(SystemCallError) in try self.writeAll(bytes, at: offset) }
        }
        try outcome.get()
    }

    private static func all(
        _ bytes: UnsafeRawBufferPointer,
        _ write: (UnsafeRawBufferPointer, _ done: Int) throws(SystemCallError) -> Int
    ) throws(SystemCallError) {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            done += try retryingInterrupted { () throws(SystemCallError) in try write(rest, done) }
        }
    }

    /// Reads until a buffer is full or the file ends, and returns how many bytes that were.
    package borrowing func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(SystemCallError)
        -> Int
    {
        let (system, descriptor) = (self.system, self.rawValue)
        var done = 0
        while done < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
            let count = try retryingInterrupted { () throws(SystemCallError) in
                try system.read(into: rest, from: descriptor, at: offset + Int64(done))
            }
            if count == 0 { break }
            done += count
        }
        return done
    }

    /// Reads a part of the file, less than asked for only at its end.
    package borrowing func read(count: Int, at offset: Int64) throws(SystemCallError) -> [UInt8] {
        var failure: SystemCallError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { room, initialized in
            do throws(SystemCallError) {
                // As many bytes as the call says were written to the front of the room.
                initialized = try self.read(into: UnsafeMutableRawBufferPointer(room), at: offset)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Reads the whole file.
    package borrowing func readAll() throws(SystemCallError) -> [UInt8] {
        var content: [UInt8] = []
        while true {
            let chunk = try self.read(count: 1_024 * 1_024, at: Int64(content.count))
            if chunk.isEmpty { return content }
            content += chunk
        }
    }

    /// Returns when everything written to the file is on the disk, as far as the disk honours a flush.
    ///
    /// Not repeated when it fails: the kernel may have dropped the data already.
    package borrowing func synchronize() throws(SystemCallError) {
        try self.system.synchronize(self.rawValue)
    }

    /// What the file says of itself.
    package borrowing func status() throws(SystemCallError) -> FileStatus {
        try self.system.status(of: self.rawValue)
    }
}
