import CLinux
public import CloakroomDomain

import Glibc

/// A sealed blob open for reading: it stays readable when it is deleted meanwhile.
public struct OpenBlob: ~Copyable, Sendable {
    private let file: FileDescriptor
    /// Its length in bytes.
    public let size: ByteCount

    init(file: consuming FileDescriptor, size: ByteCount) {
        self.file = file
        self.size = size
    }

    /// What a read gave.
    public enum ReadOutcome: Sendable {
        /// So many bytes.
        case bytes(Int)
        /// The bytes are not in memory, and reading them would block.
        case wouldBlock
    }

    /// Reads what is in memory already, without waiting for the disk (`preadv2` with `RWF_NOWAIT`).
    ///
    /// - Parameters:
    ///   - buffer: Receives the bytes.
    ///   - offset: The first byte's offset.
    /// - Returns: How many bytes were read, or that the disk would have to be waited for.
    /// - Throws: ``StorageError`` for a failure of the disk.
    public borrowing func readCached(
        into buffer: UnsafeMutableRawBufferPointer, offset: Int64
    ) throws(StorageError) -> ReadOutcome {
        var vector = iovec(iov_base: buffer.baseAddress, iov_len: buffer.count)
        let count = preadv2(self.file.rawValue, &vector, 1, off_t(offset), CLOAKROOM_RWF_NOWAIT)
        if count >= 0 { return .bytes(count) }
        switch errno {
        case EAGAIN, EOPNOTSUPP, EINTR, ENOSYS: return .wouldBlock
        default: throw SystemCallError(.read).storageError
        }
    }

    /// Reads, waiting for the disk where needed.
    ///
    /// - Parameters:
    ///   - buffer: Receives the bytes.
    ///   - offset: The first byte's offset.
    /// - Returns: How many bytes were read; fewer than asked for only at the end.
    /// - Throws: ``StorageError`` for a failure of the disk.
    public borrowing func read(
        into buffer: UnsafeMutableRawBufferPointer, offset: Int64
    ) throws(StorageError) -> Int {
        var done = 0
        do throws(SystemCallError) {
            while done < buffer.count {
                let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
                let position = off_t(offset) + off_t(done)
                let count = try retryingInterrupted(.read) {
                    pread(self.file.rawValue, rest.baseAddress, rest.count, position)
                }
                if count == 0 { break }
                done += count
            }
        } catch {
            throw error.storageError
        }
        return done
    }

    /// Gives the descriptor away: whoever takes it closes it.
    public consuming func releaseDescriptor() -> Int32 {
        self.file.release()
    }
}
