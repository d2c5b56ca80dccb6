import CLinux
public import CloakroomDomain

import Glibc

/// A sealed blob open for reading: it stays readable when it is deleted meanwhile.
///
/// Shared by everyone who reads the blob at a time; the last one closes it.
public final class OpenBlob: Sendable {
    /// The bytes of a small blob are kept with it: copying them costs less than asking the kernel for them.
    private static let keptLength = 8 * 1_024

    private let file: FileDescriptor
    private let kept: [UInt8]?
    /// Its length in bytes.
    public let size: ByteCount

    init(file: consuming FileDescriptor, size: ByteCount) {
        self.kept = size.bytes <= Self.keptLength ? Self.readCached(file.rawValue, count: Int(size.bytes)) : nil
        self.file = file
        self.size = size
    }

    /// The first bytes of a file, if all of them are in memory.
    private static func readCached(_ descriptor: Int32, count: Int) -> [UInt8]? {
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { room, initialized in
            var vector = iovec(iov_base: room.baseAddress, iov_len: count)
            initialized = max(0, preadv2(descriptor, &vector, 1, 0, CLOAKROOM_RWF_NOWAIT))
        }
        return bytes.count == count ? bytes : nil
    }

    /// The descriptor, open as long as this object lives; it is nobody's to close.
    public var rawDescriptor: Int32 { self.file.rawValue }

    /// Calls a function with a part of the bytes, if they are kept in memory.
    ///
    /// - Parameters:
    ///   - range: Offsets within the blob.
    ///   - body: Reads the bytes, which are valid during the call only.
    /// - Returns: What the function returned, or `nil` where it was not called.
    public func withKeptBytes<Result>(_ range: Range<Int64>, _ body: (UnsafeRawBufferPointer) -> Result) -> Result? {
        guard let kept, range.upperBound <= Int64(kept.count) else { return nil }
        return kept.withUnsafeBytes {
            body(UnsafeRawBufferPointer(rebasing: $0[Int(range.lowerBound)..<Int(range.upperBound)]))
        }
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
    public func readCached(
        into buffer: UnsafeMutableRawBufferPointer, offset: Int64
    ) throws(StorageError) -> ReadOutcome {
        if let kept {
            let start = min(Int(offset), kept.count)
            let part = kept[start..<min(start + buffer.count, kept.count)]
            buffer.copyBytes(from: part)
            return .bytes(part.count)
        }
        var vector = iovec(iov_base: buffer.baseAddress, iov_len: buffer.count)
        let count = preadv2(self.file.rawValue, &vector, 1, off_t(offset), CLOAKROOM_RWF_NOWAIT)
        if count >= 0 { return .bytes(count) }
        switch errno {
        case EAGAIN, EOPNOTSUPP, EINTR, ENOSYS: return .wouldBlock
        default: throw SystemCallError(.read).storageError
        }
    }

    /// Whether the first and the last byte of a range are in memory, by which a whole piece is taken to be.
    ///
    /// - Parameter range: Offsets within the blob, of at least one byte.
    /// - Returns: `false` where reading would wait for the disk.
    public func isCached(_ range: Range<Int64>) -> Bool {
        guard self.kept == nil else { return true }
        var byte: UInt8 = 0
        for offset in [range.lowerBound, range.upperBound - 1] {
            let isThere = withUnsafeMutableBytes(of: &byte) { buffer in
                // One byte of room, for one byte read.
                if case .bytes(1) = try? self.readCached(into: buffer, offset: offset) { true } else { false }
            }
            guard isThere else { return false }
        }
        return true
    }

    /// Reads, waiting for the disk where needed.
    ///
    /// - Parameters:
    ///   - buffer: Receives the bytes.
    ///   - offset: The first byte's offset.
    /// - Returns: How many bytes were read; fewer than asked for only at the end.
    /// - Throws: ``StorageError`` for a failure of the disk.
    public func read(into buffer: UnsafeMutableRawBufferPointer, offset: Int64) throws(StorageError) -> Int {
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
}
