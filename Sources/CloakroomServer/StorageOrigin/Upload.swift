import CloakroomDomain
import CloakroomStorage

/// An upload whose body is arriving.
final class Upload {
    let exchange: StorageConnection.Exchange
    let staged: StagedBlob
    let record: FileRecord
    let checksums: AnnouncedChecksums
    let rejectsRepetition: Bool
    var decoder: BodyDecoder
    var machine = UploadMachine()
    /// The checksums that arrived behind the body.
    var trailing: [Checksum] = []
    private(set) var received: Int64 = 0
    private(set) var isAbandoned = false

    init(
        _ exchange: StorageConnection.Exchange, staged: StagedBlob, record: FileRecord, decoder: BodyDecoder,
        checksums: AnnouncedChecksums, rejectsRepetition: Bool
    ) {
        self.exchange = exchange
        self.staged = staged
        self.record = record
        self.decoder = decoder
        self.checksums = checksums
        self.rejectsRepetition = rejectsRepetition
    }

    /// Counts bytes of the body against the declared length as they arrive.
    func count(_ bytes: Int, maximum: ByteCount) throws(StorageRejection) {
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
    ///   - rejection: The response; `nil` where the client has gone.
    func abandon(_ metrics: StorageMetrics, _ rejection: StorageRejection? = nil) {
        guard !self.isAbandoned else { return }
        self.isAbandoned = true
        guard let rejection, rejection.code != Self.incompleteCode else { return metrics.uploaded(.incomplete) }
        metrics.uploaded(rejection.status.rawValue >= 500 ? .failed : .rejected)
    }

    private static let incompleteCode = "IncompleteBody"

    /// The client stopped before the end.
    static func incompleteBody(_ upload: Upload) -> StorageRejection {
        StorageRejection(
            .badRequest, Self.incompleteCode,
            "The body ended before its declared length. Nothing was stored. The URL can be used again.",
            [
                .init("Expected", "\(upload.record.declaration.size)"), .init("Received", "\(upload.received)"),
            ])
    }

    /// The client sends too slowly.
    static func tooSlow(_ rate: LowestRate) -> StorageRejection {
        StorageRejection(
            .requestTimeout, "RequestTimeout",
            "Fewer than \(rate.bytesPerSecond) bytes per second arrived over \(rate.windowSeconds) seconds. Nothing was stored. The URL can be used again."
        )
    }
}
