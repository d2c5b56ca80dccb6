import CloakroomCrypto
package import CloakroomDomain
package import NIOCore
import Synchronization

/// A ready file's bytes that are read in pieces.
///
/// Where they are to be verified and the pieces follow one another from the first byte on, they are hashed as they are read. The
/// last one is given out only if the digest is right: wrong bytes never arrive whole. Pieces of a small blob are taken from
/// the whole, which is verified first.
package final class BlobReader: Sendable {
    private struct State {
        /// `nil` once nothing is left to verify, or cannot be: the pieces do not follow one another.
        var hasher: SHA256?
        var position: Int64 = 0
    }

    private let blob: any OpenBlob
    private let downloads: Downloads
    private let state: Mutex<State>
    /// The blob's length in bytes.
    package let size: ByteCount
    /// When the bytes were sealed.
    package var lastModified: Timestamp { self.blob.placement.representation.uploadedAt }

    init(_ blob: any OpenBlob, of downloads: Downloads, verifies: Bool) {
        self.size = blob.placement.size
        self.blob = blob
        self.downloads = downloads
        self.state = Mutex(State(hasher: verifies ? SHA256() : nil))
    }

    /// Loads and verifies a small blob that has not been verified since it was opened, before anything is said of it; others
    /// need nothing.
    package func prepare() async throws(StorageError) {
        guard self.blob.needsLoading else { return }
        try await self.downloads.load(self.blob)
    }

    /// Reads a piece, which is never short, and never the last of a blob that was read as a whole and is not what was
    /// sealed.
    package func read(_ range: Range<Int64>) async throws(StorageError) -> ByteBuffer {
        do throws(StorageError) {
            let bytes = try await self.blob.bytes(range)
            try self.verify(bytes, at: range)
            return bytes
        } catch {
            self.downloads.noteDamage(self.blob.placement.id, error)
            throw error
        }
    }

    private func verify(_ bytes: ByteBuffer, at range: Range<Int64>) throws(StorageError) {
        try self.state.withLock { state throws(StorageError) in
            guard var hasher = state.hasher else { return }
            guard range.lowerBound == state.position else {
                state.hasher = nil
                return
            }
            bytes.withUnsafeReadableBytes { buffer in
                // The buffer is readable for the call; hashing keeps nothing of it.
                hasher.update(buffer.bytes)
            }
            state.position = range.upperBound
            state.hasher = hasher
            guard range.upperBound == self.size.bytes else { return }
            state.hasher = nil
            guard hasher.digest() == self.blob.placement.digest else { throw .damaged(.digest) }
            self.downloads.noteVerified(self.blob.placement.id)
        }
    }
}
