import CLinux
import CloakroomCrypto
import CloakroomDomain
public import NIOCore
import Synchronization

import Glibc

/// Bytes on their way to becoming a blob: kept or written, and hashed, not yet visible to anyone.
///
/// Bytes that may turn out to fit into a pack are kept in memory, others are written to a file. Dropping a blob removes
/// its bytes. Its calls come one after the other, from any thread; they block on the disk unless
/// ``staysInMemory`` says otherwise.
public final class StagedBlob: Sendable {
    /// How many bytes there may be.
    enum Length: Hashable, Sendable {
        /// As many as were declared.
        case exactly(ByteCount)
        /// At least one and no more than this.
        case atMost(ByteCount)

        fileprivate var limit: Int64 {
            switch self {
            case .exactly(let count), .atMost(let count): count.bytes
            }
        }

        fileprivate func allows(_ count: Int64) -> Bool {
            switch self {
            case .exactly(let declared): count == declared.bytes
            case .atMost(let limit): (1...limit.bytes).contains(count)
            }
        }

        /// Whether it may turn out to be a packed blob's.
        fileprivate var mayBePacked: Bool {
            switch self {
            case .exactly(let count): count.bytes <= Int64(PackStore.maximumBodyLength)
            case .atMost: true
            }
        }
    }

    private struct State: ~Copyable {
        var fileID: FileID
        var file: FileDescriptor?
        var temporaryName: String?
        /// The whole body so far, until it is too large for a pack and goes into a file.
        var whole: ByteBuffer?
        /// Where bytes gather for the next direct write, in a file that is written directly.
        var direct: AlignedBuffer?
        var hasher = SHA256()
        var checks: [ChecksumComputation]
        var count: Int64 = 0
    }

    /// Files of this length and more are written directly to the disk, past the page cache: copying a large body into
    /// memory that nobody may ever read costs more than writing it, and pushes out what others read.
    private static let directLength: Int64 = 1_024 * 1_024

    /// The file these bytes are meant for.
    var fileID: FileID { self.state.withLock { $0.fileID } }
    private let store: BlobStore
    private let keepsBytes: Bool
    private let length: Length
    private let state: Mutex<State>

    /// - Parameters:
    ///   - store: Where the bytes go.
    ///   - fileID: The file.
    ///   - length: How many bytes there may be.
    ///   - checksums: What the client announced of the bytes.
    ///   - keepsBytes: `false` to hash only, as for the repetition of an upload.
    init(store: BlobStore, fileID: FileID, length: Length, checksums: [Checksum], keepsBytes: Bool) {
        self.store = store
        self.length = length
        self.keepsBytes = keepsBytes
        self.state = Mutex(
            State(
                fileID: fileID,
                whole: keepsBytes && length.mayBePacked ? ByteBuffer() : nil,
                checks: checksums.map(ChecksumComputation.init)))
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
            if let buffer = state.direct { self.store.alignedBuffers.giveBack(buffer) }
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

    private func append(_ chunk: ByteBuffer, _ state: inout State) throws(SystemCallError) {
        chunk.withUnsafeReadableBytes { buffer in
            // The buffer is readable for the call; hashing keeps nothing of it.
            state.hasher.update(buffer.bytes)
            for index in state.checks.indices { state.checks[index].update(buffer.bytes) }
        }
        guard self.keepsBytes else { return }
        guard let whole = state.whole else { return try self.write(chunk, &state) }
        if state.count <= Int64(PackStore.maximumBodyLength) {
            if whole.readableBytes == 0 { state.whole = chunk } else { state.whole?.writeImmutableBuffer(chunk) }
        } else {
            try self.moveToFile(&state)
            try self.write(chunk, &state)
        }
    }

    /// Writes bytes that were kept in memory to a file.
    private func moveToFile(_ state: inout State) throws(SystemCallError) {
        guard let whole = state.whole else { return }
        state.whole = nil
        try self.write(whole, &state)
    }

    private func write(_ chunk: ByteBuffer, _ state: inout State) throws(SystemCallError) {
        if state.file == nil { try self.createFile(&state) }
        let result = chunk.withUnsafeReadableBytes { buffer in
            Result { () throws(SystemCallError) in
                // The buffer is readable for the call; writing keeps nothing of it.
                if let direct = state.direct {
                    try Self.write(buffer, through: direct, &state)
                } else {
                    try state.file?.writeAll(buffer)
                }
            }
        }
        try result.get()
    }

    private static func write(
        _ bytes: UnsafeRawBufferPointer, through buffer: AlignedBuffer, _ state: inout State
    ) throws(SystemCallError) {
        var rest = bytes
        while !rest.isEmpty {
            rest = UnsafeRawBufferPointer(rebasing: rest[buffer.fill(from: rest)...])
            guard buffer.isFull else { return }
            try self.writeDirectly(buffer, &state)
        }
    }

    /// Writes an aligned buffer; where the file system wants another alignment, the file goes on through the page cache.
    private static func writeDirectly(_ buffer: AlignedBuffer, _ state: inout State) throws(SystemCallError) {
        let written = try self.writeOnce(buffer, &state)
        if written < buffer.count {
            try self.leaveDirectWriting(&state)
            try state.file?.writeAll(UnsafeRawBufferPointer(rebasing: buffer.bytes[written...]))
        }
        buffer.clear()
    }

    private static func writeOnce(
        _ buffer: AlignedBuffer, _ state: inout State
    ) throws(SystemCallError) -> Int {
        guard let system = state.file?.system, let descriptor = state.file?.rawValue else { return 0 }
        return try retryingInterrupted { () throws(SystemCallError) in
            do throws(SystemCallError) {
                return try system.write(buffer.bytes, to: descriptor)
            } catch {
                guard error.code == EINVAL else { throw error }
                return 0
            }
        }
    }

    private static func leaveDirectWriting(_ state: inout State) throws(SystemCallError) {
        guard let system = state.file?.system, let descriptor = state.file?.rawValue else { return }
        try system.setFlags(of: descriptor, O_WRONLY)
    }

    /// Writes what has gathered; an end that is no whole page goes through the page cache.
    private func writeRest(_ state: inout State) throws(SystemCallError) {
        guard let direct = state.direct, direct.count > 0 else { return }
        if !direct.count.isMultiple(of: AlignedBuffer.alignment) { try Self.leaveDirectWriting(&state) }
        try Self.writeDirectly(direct, &state)
    }

    private func createFile(_ state: inout State) throws(SystemCallError) {
        if case .exactly(let size) = self.length, size.bytes >= Self.directLength {
            do throws(SystemCallError) {
                try self.createFile(&state, flags: O_WRONLY | CLOAKROOM_O_DIRECT)
                state.direct = self.store.alignedBuffers.borrow()
                return
            } catch {
                // A file system that has no direct writes says so.
                guard error.code == EINVAL else { throw error }
                // It may have made the file before it said so.
                if let name = state.temporaryName { try? self.store.stagingDirectory.remove(name) }
            }
        }
        try self.createFile(&state, flags: O_WRONLY)
    }

    private func createFile(_ state: inout State, flags: Int32) throws(SystemCallError) {
        switch self.store.staging {
        case .unnamed:
            state.file = try self.store.directory(of: state.fileID).makeUnnamed(flags: flags)
        case .named:
            let name = self.store.nextTemporaryName()
            state.temporaryName = name
            state.file = try self.store.stagingDirectory.open(name, flags: O_CREAT | O_EXCL | O_NOFOLLOW | flags)
        }
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
            for check in state.checks { try check.verify(sha256: digest) }
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
    /// - Parameter replacingOrphan: Whether a blob of that name is one that a crash left, to be removed.
    /// - Returns: `false` where there is a blob of that name already and it is not to be replaced.
    /// - Throws: ``StorageError``.
    func publish(replacingOrphan: Bool) throws(StorageError) -> Bool {
        try self.state.withLock { state throws(StorageError) in
            do throws(SystemCallError) {
                try self.moveToFile(&state)
            } catch {
                throw error.storageError
            }
            guard state.file != nil else { return false }
            try self.store.refusingWritesOnFailure { () throws(SystemCallError) in try state.file?.synchronize() }
            if replacingOrphan { try self.store.remove(state.fileID) }
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
