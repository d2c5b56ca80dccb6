public import CloakroomDomain
public import NIOCore

/// A sealed blob that is read in pieces, on threads that may block.
public final class BlobReader: Sendable {
    private let blob: OpenBlob
    private let store: FileStore
    /// The blob's length in bytes.
    public let size: ByteCount
    /// When the bytes were sealed.
    public var lastModified: Timestamp { self.blob.representation.uploadedAt }

    init(_ blob: OpenBlob, store: FileStore) {
        self.size = blob.size
        self.blob = blob
        self.store = store
    }

    /// Reads a piece.
    ///
    /// - Parameter range: Offsets of the first byte and of the byte after the last, within the blob.
    /// - Returns: The bytes of the whole range.
    /// - Throws: ``StorageError``, also where the file is shorter than it was: a piece is never short.
    public func read(_ range: Range<Int64>) async throws(StorageError) -> ByteBuffer {
        try await self.store.onDisk { () throws(StorageError) in
            var buffer = ByteBuffer()
            var outcome = Result<Int, StorageError>.success(0)
            buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: range.count) { bytes in
                // `minimumWritableBytes` makes room for the whole range; as many as are returned were written.
                let room = UnsafeMutableRawBufferPointer(rebasing: bytes[..<range.count])
                outcome = Result { () throws(StorageError) in
                    try self.blob.read(into: room, offset: range.lowerBound)
                }
                return (try? outcome.get()) ?? 0
            }
            guard try outcome.get() == range.count else { throw .failed("a sealed blob has become shorter") }
            return buffer
        }
    }
}

extension FileStore {
    /// Reads an open blob in pieces.
    ///
    /// - Parameter blob: The blob.
    /// - Returns: The reader.
    public func reader(_ blob: OpenBlob) -> BlobReader {
        BlobReader(blob, store: self)
    }

    /// Opens a sealed file's bytes for reading in pieces.
    ///
    /// - Parameters:
    ///   - grant: The right to read them.
    ///   - now: The current time.
    /// - Returns: The reader, which keeps the bytes readable when the file is deleted meanwhile.
    /// - Throws: ``StorageError/notFound`` where there are none or the file has ended.
    public func reader(_ grant: DownloadGrant, now: Timestamp) throws(StorageError) -> BlobReader {
        BlobReader(try self.open(grant, now: now), store: self)
    }
}
