import CloakroomCrypto
public import CloakroomDomain
public import NIOCore
import Synchronization

import Glibc

/// Bytes on their way to becoming a blob: kept or written, and hashed, not yet visible to anyone.
///
/// Bytes that may turn out to fit into a pack are kept in memory, others are written to a file. Dropping a blob removes
/// its bytes. Its calls come one after the other, from any thread; they block on the disk unless
/// ``staysInMemory`` says otherwise.
public final class StagedBlob: Sendable {
    struct State: ~Copyable {
        var fileID: FileID
        var file: FileDescriptor?
        var temporaryName: String?
        /// The whole body so far, until it is too large for a pack and goes into a file.
        var whole: ByteBuffer?
        /// Where bytes gather for the next direct write, in a file that is written directly.
        var direct: AlignedBuffer?
        var hasher = SHA256()
        var checksums: ChecksumComputation
        var count: Int64 = 0
    }

    /// The file these bytes are meant for.
    var fileID: FileID { self.state.withLock { $0.fileID } }
    let store: BlobStore
    let keepsBytes: Bool
    let length: Length
    /// Keeps the sweep from the file's row.
    private let upload: UploadsUnderWay.Upload?
    private let state: Mutex<State>

    /// - Parameters:
    ///   - store: Where the bytes go.
    ///   - fileID: The file.
    ///   - length: How many bytes there may be.
    ///   - checksums: What the client announced of the bytes.
    ///   - algorithms: What is computed besides, for checksums that follow the bytes.
    ///   - keepsBytes: `false` to hash only, as for the repetition of an upload.
    ///   - upload: Of a declared file, whose row is there already.
    init(
        store: BlobStore, fileID: FileID, length: Length, checksums: [Checksum],
        algorithms: Set<Checksum.Algorithm>, keepsBytes: Bool, upload: UploadsUnderWay.Upload? = nil
    ) {
        self.upload = upload
        self.store = store
        self.length = length
        self.keepsBytes = keepsBytes
        self.state = Mutex(
            State(
                fileID: fileID,
                whole: keepsBytes && length.mayBePacked ? ByteBuffer() : nil,
                checksums: ChecksumComputation(checksums, algorithms: algorithms)))
    }

    /// Means the bytes for another file, whose earlier upload was one of the same request.
    func becomes(_ id: FileID) {
        self.state.withLock { $0.fileID = id }
    }

    /// Whether no call touches the disk before the bytes are published: they are few, and kept in memory.
    var staysInMemory: Bool {
        guard self.keepsBytes, case .exactly = self.length else { return false }
        return self.length.mayBePacked
    }

    deinit {
        self.state.withLock { state in
            if let name = state.temporaryName { try? self.store.stagingDirectory.remove(name) }
            if let buffer = state.direct { self.store.alignedBuffers.release(buffer) }
        }
    }

    /// Keeps or writes the next bytes, and hashes them.
    ///
    /// - Parameter chunks: In their order.
    /// - Throws: ``StorageError/wrongLength(expected:received:)`` past the declared length, or a failure of the disk.
    public func append(_ chunks: [ByteBuffer]) throws(StorageError) {
        try self.state.withLock { state throws(StorageError) in
            if self.keepsBytes, state.whole == nil { try self.store.checkRoom(for: .zero) }
            for chunk in chunks {
                state.count += Int64(chunk.readableBytes)
                guard state.count <= self.length.limit else {
                    throw .wrongLength(expected: self.length.limit, received: state.count)
                }
                do throws(SystemCallError) {
                    try self.append(chunk, &state)
                } catch {
                    throw error.storageError
                }
            }
        }
    }

    /// Adds checksums that arrived behind the bytes; their algorithms have been computed, or the upload fails.
    ///
    /// - Parameter checksums: Of the whole body.
    public func expect(_ checksums: [Checksum]) {
        self.state.withLock { $0.checksums.expect(checksums) }
    }

    /// Ends the bytes and holds them to what was announced.
    ///
    /// - Parameter declared: The digest that was declared with the file, if any.
    /// - Returns: The digest of the bytes, and how many there are.
    /// - Throws: ``StorageError/wrongLength(expected:received:)``, ``StorageError/badDigest(_:)``, or a failure of the
    ///   disk.
    func finish(declared: SHA256Digest?) throws(StorageError) -> (digest: SHA256Digest, size: ByteCount) {
        try self.state.withLock { state throws(StorageError) in
            guard self.length.allows(state.count), let size = ByteCount(state.count) else {
                throw .wrongLength(expected: self.length.limit, received: state.count)
            }
            let digest = state.hasher.digest()
            try state.checksums.verify(sha256: digest)
            if let declared, declared != digest {
                throw .badDigest(
                    .init(field: "sha256", expected: declared.hexadecimal, received: digest.hexadecimal))
            }
            do throws(SystemCallError) {
                try self.writeRest(&state)
            } catch {
                throw error.storageError
            }
            return (digest, size)
        }
    }

    /// The whole body, where it is small enough for a pack and has been kept in memory.
    var body: ByteBuffer? { self.state.withLock { $0.whole } }

    /// Gives the bytes a file and that its name, durably: steps 1 to 4 of ``BlobStore``.
    ///
    /// - Returns: `false` where there is a blob of that name already.
    /// - Throws: ``StorageError``.
    func publish() throws(StorageError) -> Bool {
        try self.state.withLock { state throws(StorageError) in
            do throws(SystemCallError) {
                try self.moveToFile(&state)
            } catch {
                throw error.storageError
            }
            guard state.file != nil else { return false }
            try self.store.rejectingWritesOnFailure { () throws(SystemCallError) in try state.file?.synchronize() }
            guard try self.link(&state) else { return false }
            try self.store.synchronize(self.store.directory(of: state.fileID))
            return true
        }
    }

    /// Gives the file its name; `false` where there is a file of that name already.
    private func link(_ state: inout State) throws(StorageError) -> Bool {
        let (directory, name) = (self.store.directory(of: state.fileID), state.fileID.uuid)
        do throws(SystemCallError) {
            if let temporaryName = state.temporaryName {
                try self.store.stagingDirectory.link(temporaryName, to: directory, as: name)
            } else if let descriptor = state.file?.rawValue {
                try directory.system.link(descriptor, at: directory.rawDescriptor, as: name)
            }
            return true
        } catch {
            guard error.code == EEXIST else { throw error.storageError }
            return false
        }
    }
}
