import CloakroomDomain
package import CloakroomStore
package import NIOCore

/// Bytes in memory that are read: few are at hand, many are waited for like those of a stream.
package final class MemoryBlob: OpenBlob {
    package let placement: Placement
    private let all: ByteBuffer

    init(_ placement: Placement, _ all: ByteBuffer) {
        self.placement = placement
        self.all = all
    }

    package var fileRange: FileRange? { nil }
    package var needsLoading: Bool { false }

    package func verifyCached(isKnown: Bool) throws(StorageError) -> Bool { true }

    package func load() async throws(StorageError) {}

    package func withKeptBytes(_ range: Range<Int64>, _ body: (UnsafeRawBufferPointer) -> Void) -> Bool {
        guard self.placement.isSmall, let part = self.part(range) else { return false }
        part.withUnsafeReadableBytes(body)
        return true
    }

    package func readCached(
        into buffer: UnsafeMutableRawBufferPointer, offset: Int64
    ) throws(StorageError) -> Int? {
        let end = min(self.placement.size.bytes, offset + Int64(buffer.count))
        guard self.placement.isSmall, let part = self.part(min(offset, end)..<end) else { return nil }
        buffer.copyBytes(from: part.readableBytesView)
        return part.readableBytes
    }

    package func isCached(_ range: Range<Int64>) -> Bool { self.placement.isSmall }

    package func bytes(_ range: Range<Int64>) async throws(StorageError) -> ByteBuffer {
        guard let part = self.part(range) else {
            throw .damaged(.length(expected: self.placement.size.bytes, found: Int64(self.all.readableBytes)))
        }
        return part
    }

    private func part(_ range: Range<Int64>) -> ByteBuffer? {
        self.all.getSlice(at: self.all.readerIndex + Int(range.lowerBound), length: range.count)
    }
}
