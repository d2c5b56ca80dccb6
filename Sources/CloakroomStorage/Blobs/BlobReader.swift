import CloakroomCrypto
public import CloakroomDomain
public import NIOCore
import Synchronization

/// A sealed blob that is read in pieces, on threads that may block.
///
/// Where it is to be verified and the pieces follow one another from the first byte on, they are hashed as they are read. The
/// last one is given out only if the digest is right: wrong bytes never arrive whole. Other pieces of a small blob are
/// taken from the whole, which is verified first.
public final class BlobReader: Sendable {
    private struct State {
        /// `nil` once nothing is left to verify, or cannot be: the pieces do not follow one another.
        var hasher: SHA256?
        var position: Int64 = 0
    }

    private let blob: OpenBlob
    private let store: FileStore
    private let state: Mutex<State>
    /// The blob's length in bytes.
    public let size: ByteCount
    /// When the bytes were sealed.
    public var lastModified: Timestamp { self.blob.representation.uploadedAt }

    init(_ blob: OpenBlob, store: FileStore, verifies: Bool) {
        self.size = blob.size
        self.blob = blob
        self.store = store
        self.state = Mutex(State(hasher: verifies ? SHA256() : nil))
    }

    /// Loads and verifies a small blob that has not been verified since it was opened, before anything is said of it; others
    /// need nothing.
    ///
    /// - Throws: ``StorageError``, also where the bytes are damaged.
    public func prepare() async throws(StorageError) {
        guard self.blob.needsLoading else { return }
        try await self.store.load(self.blob)
    }

    /// Reads a piece.
    ///
    /// - Parameter range: Offsets of the first byte and of the byte after the last, within the blob.
    /// - Returns: The bytes of the whole range.
    /// - Throws: ``StorageError``, also where the file is shorter than it was, or damaged: a piece is never short, and never
    ///   the last of a blob that was read as a whole and is not what was sealed.
    public func read(_ range: Range<Int64>) async throws(StorageError) -> ByteBuffer {
        do throws(StorageError) {
            return try await self.store.onDisk { () throws(StorageError) in
                if self.blob.isSmall { return try self.blob.verifiedBytes(range) }
                let bytes = try self.blob.bytes(range)
                try self.verify(bytes, at: range)
                return bytes
            }
        } catch .damaged(let damage) {
            self.store.noticeDamage(self.blob.id, damage)
            throw .damaged(damage)
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
            guard hasher.digest() == self.blob.digest else { throw .damaged(.digest) }
            self.store.blobs.verified.insert(self.blob.id)
        }
    }
}

extension FileStore {
    /// Reads an open blob in pieces.
    ///
    /// - Parameters:
    ///   - blob: The blob.
    ///   - verifies: Whether to verify it, as ``needsVerification(_:)`` says.
    /// - Returns: The reader.
    public func reader(_ blob: OpenBlob, verifies: Bool) -> BlobReader {
        BlobReader(blob, store: self, verifies: verifies)
    }

    /// Opens a sealed file's bytes for reading in pieces.
    ///
    /// - Parameters:
    ///   - grant: The right to read them.
    ///   - now: The current time.
    /// - Returns: The reader, which keeps the bytes readable when the file is deleted meanwhile.
    /// - Throws: ``StorageError/notFound`` where there are none or the file has ended.
    public func reader(_ grant: DownloadGrant, now: Timestamp) throws(StorageError) -> BlobReader {
        let blob = try self.open(grant, now: now)
        return BlobReader(blob, store: self, verifies: self.needsVerification(blob))
    }

    /// Whether a large blob is to be verified while it is read as a whole.
    ///
    /// - Parameter blob: The blob.
    /// - Returns: Whether that is set, and has not been done.
    public func needsVerification(_ blob: OpenBlob) -> Bool {
        guard !blob.isSmall else { return false }
        return switch self.verification {
        case .never: false
        case .always: true
        case .first: !self.blobs.verified.contains(blob.id)
        }
    }

    /// Loads a small blob and verifies it, on a thread that may block; damage is dealt with.
    ///
    /// - Parameter blob: The blob.
    /// - Throws: ``StorageError/damaged(_:)``, or what failed.
    public func load(_ blob: OpenBlob) async throws(StorageError) {
        do throws(StorageError) {
            _ = try await self.onDisk { () throws(StorageError) in try blob.verifiedBytes(0..<blob.size.bytes) }
            self.blobs.verified.insert(blob.id)
        } catch .damaged(let damage) {
            self.noticeDamage(blob.id, damage)
            throw .damaged(damage)
        }
    }
}
