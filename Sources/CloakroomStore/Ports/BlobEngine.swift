package import CloakroomCrypto
package import CloakroomDomain
package import NIOCore

/// Keeps the bytes of files, which never change once they are sealed.
package protocol BlobEngine: Sendable {
    /// Passes while a body of so many bytes may be stored; `nil` stands for one that is only hashed.
    ///
    /// - Throws: ``StorageError/full``, ``StorageError/writesRejected(_:)``.
    func checkRoom(for size: ByteCount?) throws(StorageError)
    /// Begins to take the bytes of a file; nothing is visible to anybody yet.
    func stage(_ body: StagingRequest) -> any StagedBody
    /// Whether a ready file's bytes are there; only proven absence says no.
    func contains(_ id: FileID, at locator: BlobLocator?) -> Lookup<Bool>
    /// Counts a reader before the row is looked up, so that what the row says stays readable; `nil` where none need be.
    func beginReading(_ id: FileID) -> (any BlobReading)?
    /// Opens a ready file's bytes.
    ///
    /// - Returns: The open blob; `nil` where the bytes are not there.
    func open(_ placement: Placement, _ reading: (any BlobReading)?) -> Lookup<(any OpenBlob)?>
    /// Removes stored bytes that no row refers to in the end.
    ///
    /// - Parameters:
    ///   - stored: The bytes.
    ///   - id: The file, for which nobody else does anything meanwhile.
    ///   - error: Why the row could not be committed; `nil` where it is certain that it refers to other bytes or none.
    /// - Returns: `false` where the row refers to them after all, durably.
    func discard(_ stored: StoredBody, of id: FileID, after error: StorageError?) async -> Bool
    /// Removes bytes to which a file's row referred and refers no more, once nobody reads them.
    func release(_ locator: BlobLocator, of id: FileID) async throws(StorageError)
    /// Removes all bytes of a deleted file once nobody reads them; not necessarily durable on return.
    func remove(_ tombstone: Tombstone) async throws(StorageError)
    /// Removes the bytes of deleted files that nobody reads; a repetition does no harm.
    ///
    /// - Returns: The files whose bytes are durably gone. What resists is left out, and reported.
    func removeDurably(_ tombstones: [Tombstone]) async throws(StorageError) -> [FileID]
}

/// One reader of a file's bytes, for as long as this object lives.
package protocol BlobReading: AnyObject, Sendable {}

/// What is known of a body before its bytes arrive.
package struct StagingRequest: Sendable {
    package let id: FileID
    /// How many bytes there may be.
    package let length: BodyLength
    /// What the bytes must have.
    package let checksums: [Checksum]
    /// What is computed besides, for checksums that follow the bytes.
    package let algorithms: Set<Checksum.Algorithm>
    /// `false` to hash only, as for the repetition of an upload.
    package let keepsBytes: Bool

    package init(
        id: FileID, length: BodyLength, checksums: [Checksum], algorithms: Set<Checksum.Algorithm>, keepsBytes: Bool
    ) {
        self.id = id
        self.length = length
        self.checksums = checksums
        self.algorithms = algorithms
        self.keepsBytes = keepsBytes
    }
}

/// Bytes on their way to becoming a blob: hashed, and kept where nobody sees them.
///
/// Calls come one after the other. Dropping the object removes the bytes.
package protocol StagedBody: AnyObject, Sendable {
    /// Takes the next bytes, and reports to an event loop without a detour.
    ///
    /// - Returns: A future that fails with ``StorageError``.
    func append(_ chunk: ByteBuffer, on eventLoop: any EventLoop) -> EventLoopFuture<Void>
    /// Takes the next bytes, in their order.
    ///
    /// - Throws: ``StorageError/wrongLength(expected:received:)`` past the limit, or a failure of the engine.
    func append(_ chunks: [ByteBuffer]) async throws(StorageError)
    /// Takes the last bytes, and verifies all of them.
    ///
    /// - Parameters:
    ///   - last: The last bytes.
    ///   - trailing: Checksums that arrived behind the bytes.
    ///   - declared: The digest that was declared with the file, if any.
    /// - Returns: What is known of them.
    /// - Throws: ``StorageError/wrongLength(expected:received:)``, ``StorageError/badDigest(_:)``, or a failure of the
    ///   engine.
    func finish(
        last: [ByteBuffer], trailing: [Checksum], declared: SHA256Digest?
    ) async throws(StorageError) -> FinishedBody
    /// Stores the bytes; on return they are durable.
    ///
    /// - Parameters:
    ///   - id: The file.
    ///   - seal: The digest of the bytes, and the time.
    ///   - order: Whether the file's row is there.
    /// - Returns: What became of them.
    /// - Throws: ``StorageError``.
    func store(
        _ id: FileID, _ seal: FileRecord.Seal, _ order: StorageOrder
    ) async throws(StorageError) -> StorageOutcome
}

/// What is known of a body once all of its bytes have arrived.
package struct FinishedBody: Hashable, Sendable {
    package let digest: SHA256Digest
    /// How many there are.
    package let size: ByteCount

    package init(digest: SHA256Digest, size: ByteCount) {
        self.digest = digest
        self.size = size
    }
}

/// Which comes first, a file's row or its bytes.
package enum StorageOrder: Hashable, Sendable {
    /// The row, which is pending.
    case rowFirst(UploadDeclaration)
    /// The bytes.
    case bytesFirst
    /// The row is ready, and its bytes have been lost.
    case replacement
}

/// What became of bytes that were to be stored.
package enum StorageOutcome: Sendable {
    /// They are durable.
    case stored(StoredBody)
    /// Others are there, durable and as declared, which a crash left before the row was sealed.
    case present(FileRecord.Seal)
    /// They can be stored only after the row.
    case needsRow
}
