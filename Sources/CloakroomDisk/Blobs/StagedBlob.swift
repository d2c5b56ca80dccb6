import CloakroomCrypto
import CloakroomDomain
import CloakroomStore
import CloakroomSystem
import NIOCore
import NIOPosix
import Synchronization

import Glibc

/// A body on its way to becoming a blob on the disk.
///
/// Bytes that may turn out to fit into a pack are kept in memory, others are written to a file. Dropping the object removes them.
final class StagedBlob: StagedBody {
    struct State: ~Copyable {
        var file: CloakroomSystem.FileDescriptor?
        var temporaryName: String?
        /// The whole body so far, until it is too large for a pack and goes into a file.
        var whole: ByteBuffer?
        /// Where bytes gather for the next direct write, in a file that is written directly.
        var direct: AlignedBuffer?
        var verifier: BodyVerifier
    }

    /// The file for which the body was announced; where it is staged depends on it.
    let fileID: FileID
    let store: BlobStore
    let keepsBytes: Bool
    let length: BodyLength
    private let state: Mutex<State>

    init(_ request: StagingRequest, in store: BlobStore) {
        self.store = store
        self.fileID = request.id
        self.length = request.length
        self.keepsBytes = request.keepsBytes
        let mayBePacked = request.length.mayFit(in: PackStore.maximumBodyLength)
        self.state = Mutex(
            State(whole: request.keepsBytes && mayBePacked ? ByteBuffer() : nil, verifier: BodyVerifier(request)))
    }

    deinit {
        self.state.withLock { state in
            if let name = state.temporaryName { try? self.store.stagingDirectory.remove(name) }
            if let buffer = state.direct { self.store.alignedBuffers.release(buffer) }
        }
    }

    /// Whether no call touches the disk before the bytes are stored: they are few, and kept in memory.
    private var staysInMemory: Bool {
        guard self.keepsBytes, case .exactly = self.length else { return false }
        return self.length.mayFit(in: PackStore.maximumBodyLength)
    }

    // MARK: Arriving bytes

    func append(_ chunk: ByteBuffer, on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        self.store.threads.runIfActive(eventLoop: eventLoop) { try self.appendNow([chunk]) }
    }

    func append(_ chunks: [ByteBuffer]) async throws(StorageError) {
        try await self.store.onDisk { () throws(StorageError) in try self.appendNow(chunks) }
    }

    private func appendNow(_ chunks: [ByteBuffer]) throws(StorageError) {
        try self.state.withLock { state throws(StorageError) in
            if self.keepsBytes, state.whole == nil { try self.store.checkSpace(for: .zero) }
            for chunk in chunks {
                try state.verifier.append(chunk)
                do throws(SystemCallError) {
                    try self.keep(chunk, &state)
                } catch {
                    throw error.storageError
                }
            }
        }
    }

    func finish(
        last: [ByteBuffer], trailing: [Checksum], declared: SHA256Digest?
    ) async throws(StorageError) -> FinishedBody {
        // Hashing so few bytes takes less than handing them to another thread.
        if self.staysInMemory { return try self.finishNow(last, trailing, declared) }
        return try await self.store.onDisk { () throws(StorageError) in
            try self.finishNow(last, trailing, declared)
        }
    }

    private func finishNow(
        _ last: [ByteBuffer], _ trailing: [Checksum], _ declared: SHA256Digest?
    ) throws(StorageError) -> FinishedBody {
        try self.appendNow(last)
        return try self.state.withLock { state throws(StorageError) in
            let finished = try state.verifier.finish(trailing: trailing, declared: declared)
            do throws(SystemCallError) {
                try self.writeRest(&state)
            } catch {
                throw error.storageError
            }
            return finished
        }
    }

    // MARK: Storing

    func store(
        _ id: FileID, _ seal: FileRecord.Seal, _ order: StorageOrder
    ) async throws(StorageError) -> StorageOutcome {
        switch order {
        case .bytesFirst:
            return try await self.pack(id, seal, .direct).map { .stored($0) } ?? .needsRow
        case .rowFirst(let declaration):
            if let earlier = try await self.store.adopt(id, declaration) { return .present(earlier) }
            if let packed = try await self.pack(id, seal, .declared) { return .stored(packed) }
            return try await self.storeOwnFile(id)
        case .replacement:
            return try await self.storeOwnFile(id)
        }
    }

    /// Adds the body to a pack if it is small enough and there is room.
    private func pack(
        _ id: FileID, _ seal: FileRecord.Seal, _ origin: PackSlotHeader.Origin
    ) async throws(StorageError) -> StoredBody? {
        guard let bytes = self.state.withLock({ $0.whole }) else { return nil }
        let outcome = await withUnsafeContinuation { continuation in
            let body = SmallBody(id: id, seal: seal, origin: origin, bytes: bytes)
            self.store.packs.writer.append(body) { continuation.resume(returning: $0) }
        }
        switch try outcome.get() {
        case .packed(let slot, let hold):
            return StoredBody(locator: slot.locator, durability: .rebuildable, hold: hold)
        case .noRoom: return nil
        }
    }

    /// Gives the bytes a file and that its name, durably: steps 1 to 4 of ``BlobStore``.
    private func storeOwnFile(_ id: FileID) async throws(StorageError) -> StorageOutcome {
        try await self.store.onDisk { () throws(StorageError) in
            guard try self.publish(id) else {
                throw .failed("the bytes are not kept, or a blob with the name of \(id) is there already")
            }
            return .stored(StoredBody(locator: nil, durability: .required))
        }
    }

    private func publish(_ id: FileID) throws(StorageError) -> Bool {
        try self.state.withLock { state throws(StorageError) in
            do throws(SystemCallError) {
                try self.moveToFile(&state)
            } catch {
                throw error.storageError
            }
            guard state.file != nil else { return false }
            try self.store.rejectingWritesOnFailure { () throws(SystemCallError) in try state.file?.synchronize() }
            guard try self.link(&state, as: id) else { return false }
            try self.store.synchronize(self.store.directory(of: id))
            return true
        }
    }

    /// Gives the file its name; `false` where there is a file of that name already.
    private func link(_ state: inout State, as id: FileID) throws(StorageError) -> Bool {
        let directory = self.store.directory(of: id)
        do throws(SystemCallError) {
            if let temporaryName = state.temporaryName {
                try self.store.stagingDirectory.link(temporaryName, to: directory, as: id.uuid)
            } else if let descriptor = state.file?.rawValue {
                try directory.system.link(descriptor, at: directory.rawDescriptor, as: id.uuid)
            }
            return true
        } catch {
            guard error.code == EEXIST else { throw error.storageError }
            return false
        }
    }
}
