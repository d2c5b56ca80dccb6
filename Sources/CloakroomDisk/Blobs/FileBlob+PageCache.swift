package import CloakroomStore
import CloakroomSystem
import Glibc
import Synchronization

/// What the page cache has of a blob.
extension FileBlob {
    /// Reads what is in memory already (`preadv2` with `RWF_NOWAIT`); `nil` where the disk would have to be waited for.
    package func readCached(
        into buffer: UnsafeMutableRawBufferPointer, offset: Int64
    ) throws(StorageError) -> Int? {
        if let kept {
            let start = min(Int(offset), kept.count)
            let part = kept[start..<min(start + buffer.count, kept.count)]
            buffer.copyBytes(from: part)
            return part.count
        }
        let room = self.part(of: buffer, at: offset)
        do throws(SystemCallError) {
            let count = try self.place.system.readCached(
                into: room, from: self.descriptor, at: self.offset + offset)
            if count < room.count { self.noteIncomplete() }
            return count
        } catch {
            switch error.code {
            case EAGAIN:
                self.noteIncomplete()
                return nil
            // The file system cannot tell.
            case EOPNOTSUPP, EINTR, ENOSYS: return nil
            default: throw error.storageError
            }
        }
    }

    /// Lets a small blob that is not in memory any more be verified when it is loaded again, whoever asks first.
    private func noteIncomplete() {
        if self.placement.isSmall { self.isVerified.store(false, ordering: .releasing) }
    }

    /// The part of a buffer that the blob can fill: what follows it in a pack is another's.
    func part(of buffer: UnsafeMutableRawBufferPointer, at offset: Int64) -> UnsafeMutableRawBufferPointer {
        let count = Int(min(Int64(buffer.count), max(0, self.size - offset)))
        return UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
    }

    /// Whether the first and the last byte of a range are in memory: if both are, the whole range is assumed to be.
    package func isCached(_ range: Range<Int64>) -> Bool {
        guard self.kept == nil else { return true }
        var byte: UInt8 = 0
        for offset in [range.lowerBound, range.upperBound - 1] {
            let isThere = withUnsafeMutableBytes(of: &byte) { buffer in
                // One byte of room, for one byte read.
                (try? self.readCached(into: buffer, offset: offset)) == 1
            }
            guard isThere else { return false }
        }
        return true
    }
}
