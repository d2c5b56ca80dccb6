import CloakroomCrypto
import CloakroomDomain
import NIOCore
import Synchronization

/// The bytes of a transfer as they pass: counted and hashed, and its progress reported.
final class TransferMeter: Sendable {
    private struct State {
        var hasher = SHA256()
        var count: Int64 = 0
    }

    private let state = Mutex(State())
    private let total: ByteCount
    private let progress: ProgressHandler?

    init(total: ByteCount, progress: ProgressHandler?) {
        self.total = total
        self.progress = progress
    }

    /// How many bytes have passed.
    var count: Int64 { self.state.withLock { $0.count } }

    /// The digest of the bytes that have passed.
    var digest: SHA256Digest { self.state.withLock { $0.hasher.digest() } }

    /// Notes bytes that pass.
    func pass(_ chunk: ByteBuffer) {
        let count = self.state.withLock { state in
            state.hasher.update(Array(chunk.readableBytesView).span.bytes)
            state.count += Int64(chunk.readableBytes)
            return state.count
        }
        self.progress?(TransferProgress(transferred: CloakroomDomain.ByteCount(count) ?? .zero, total: self.total))
    }
}

/// Parts of a file on their way out, each noted as it passes.
struct HashedStream<Base: AsyncSequence & Sendable>: AsyncSequence, Sendable where Base.Element == ByteBuffer {
    let base: Base
    let meter: TransferMeter

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(base: self.base.makeAsyncIterator(), meter: self.meter)
    }

    struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate var base: Base.AsyncIterator
        fileprivate let meter: TransferMeter

        mutating func next() async throws -> ByteBuffer? {
            let chunk = try await self.base.next()
            if let chunk { self.meter.pass(chunk) }
            return chunk
        }
    }
}
