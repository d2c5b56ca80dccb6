import CloakroomDomain
import CloakroomStorage

/// An upload whose body is arriving.
final class Upload {
    let exchange: StorageConnection.Exchange
    let staged: StagedBlob
    let record: FileRecord
    let checksums: AnnouncedChecksums
    let refusesRepetition: Bool
    var decoder: BodyDecoder
    var machine = UploadMachine()
    /// The checksums that arrived behind the body.
    var trailing: [Checksum] = []
    private(set) var received: Int64 = 0
    private(set) var isAbandoned = false

    init(
        _ exchange: StorageConnection.Exchange, staged: StagedBlob, record: FileRecord, decoder: BodyDecoder,
        checksums: AnnouncedChecksums, refusesRepetition: Bool
    ) {
        self.exchange = exchange
        self.staged = staged
        self.record = record
        self.decoder = decoder
        self.checksums = checksums
        self.refusesRepetition = refusesRepetition
    }

    /// Counts bytes of the body against the declared length as they arrive.
    func count(_ bytes: Int, maximum: ByteCount) throws(StorageRefusal) {
        self.received += Int64(bytes)
        guard self.received <= maximum.bytes else {
            throw .tooLarge(maximum: maximum, received: self.received)
        }
        guard self.received <= self.record.declaration.size.bytes else {
            throw .lengthMismatch(expected: self.record.declaration.size.bytes, received: self.received)
        }
    }

    /// Notes once that the upload came to nothing.
    ///
    /// - Parameters:
    ///   - metrics: Where it is counted.
    ///   - refusal: How it was answered; `nil` where the client has gone.
    func abandon(_ metrics: StorageMetrics, _ refusal: StorageRefusal? = nil) {
        guard !self.isAbandoned else { return }
        self.isAbandoned = true
        guard let refusal, refusal.code != Self.incompleteCode else { return metrics.uploaded(.incomplete) }
        metrics.uploaded(refusal.status.rawValue >= 500 ? .failed : .refused)
    }

    private static let incompleteCode = "IncompleteBody"

    /// The client stopped before the end.
    static func incompleteBody(_ upload: Upload) -> StorageRefusal {
        StorageRefusal(
            .badRequest, Self.incompleteCode,
            "The body ended before its declared length. Nothing was stored. The URL can be used again.",
            [
                .init("Expected", "\(upload.record.declaration.size)"), .init("Received", "\(upload.received)"),
            ])
    }

    /// The client sends too slowly.
    static func tooSlow(_ rate: LowestRate) -> StorageRefusal {
        StorageRefusal(
            .requestTimeout, "RequestTimeout",
            "Fewer than \(rate.bytesPerSecond) bytes per second arrived over \(rate.windowSeconds) seconds. Nothing was stored. The URL can be used again."
        )
    }
}
