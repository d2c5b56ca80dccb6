import CloakroomCrypto
import CloakroomDomain
import CloakroomStore
import NIOCore
import Synchronization

/// A body that is kept in memory.
final class MemoryStagedBody: StagedBody {
    private struct State: ~Copyable {
        var bytes = ByteBuffer()
        var verifier: BodyVerifier
    }

    private let engine: MemoryBlobs
    private let keepsBytes: Bool
    private let state: Mutex<State>

    init(_ request: StagingRequest, in engine: MemoryBlobs) {
        self.engine = engine
        self.keepsBytes = request.keepsBytes
        self.state = Mutex(State(verifier: BodyVerifier(request)))
    }

    func append(_ chunk: ByteBuffer, on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        eventLoop.makeCompletedFuture { try self.appendNow([chunk]) }
    }

    func append(_ chunks: [ByteBuffer]) async throws(StorageError) { try self.appendNow(chunks) }

    private func appendNow(_ chunks: [ByteBuffer]) throws(StorageError) {
        try self.state.withLock { state throws(StorageError) in
            for chunk in chunks {
                try state.verifier.append(chunk)
                if self.keepsBytes { state.bytes.writeImmutableBuffer(chunk) }
            }
        }
    }

    func finish(
        last: [ByteBuffer], trailing: [Checksum], declared: SHA256Digest?
    ) async throws(StorageError) -> FinishedBody {
        try self.appendNow(last)
        return try self.state.withLock { state throws(StorageError) in
            try state.verifier.finish(trailing: trailing, declared: declared)
        }
    }

    func store(
        _ id: FileID, _ seal: FileRecord.Seal, _ order: StorageOrder
    ) async throws(StorageError) -> StorageOutcome {
        guard self.keepsBytes else { throw .failed("the bytes are not kept") }
        let bytes = self.state.withLock { $0.bytes }
        return .stored(StoredBody(locator: self.engine.add(bytes), durability: .required))
    }
}
