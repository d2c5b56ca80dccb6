import CloakroomDomain
import CloakroomStore

/// An upload whose body is arriving or being stored.
final class Upload {
    let exchange: StorageConnection.Exchange
    let staged: StagedUpload
    var record: FileRecord { self.staged.record }
    let request: UploadRequest
    /// The checksums that arrived behind the body.
    private(set) var trailing: [Checksum] = []
    private(set) var isAbandoned = false

    init(
        _ exchange: StorageConnection.Exchange, staged: StagedUpload, _ request: UploadRequest
    ) {
        self.exchange = exchange
        self.staged = staged
        self.request = request
    }

    /// Counts once that nothing was stored, without a response where the client has gone.
    func abandon(_ metrics: StorageMetrics, _ rejection: StorageRejection? = nil) {
        guard !self.isAbandoned else { return }
        self.isAbandoned = true
        guard let rejection, rejection.code != Self.incompleteCode else { return metrics.uploaded(.incomplete) }
        metrics.uploaded(rejection.status.rawValue >= 500 ? .failed : .rejected)
    }

    /// Reads the checksums in the trailers; the body is compared with them when it is sealed.
    func readTrailers(_ lines: [[UInt8]]) throws(StorageRejection) {
        var fields: AnnouncedChecksums.Fields = []
        for line in lines {
            // Each line is a field: the decoder has checked it.
            let parts = line.split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(decoding: parts[0].map(\.asciiLowercased), as: UTF8.self)
            guard parts.count == 2, AnnouncedChecksums.isRelevant(name) else { continue }
            fields.append((name, String(decoding: HTTPCharacter.trimmed(parts[1]), as: UTF8.self)))
        }
        do throws(ChecksumError) {
            self.trailing = try self.request.checksums.checksums(inTrailers: fields)
        } catch {
            throw StorageRejection(error)
        }
    }

    private static let incompleteCode = "IncompleteBody"

    /// Says what is wrong with a body that is arriving.
    func rejection(
        _ fault: StorageConnectionMachine.UploadFault, _ environment: StorageEnvironment
    ) -> StorageRejection {
        let declared = self.record.declaration.size
        switch fault {
        case .malformed(let reason): return StorageRejection(.malformed(reason))
        case .tooLarge(let received):
            return .tooLarge(maximum: environment.verifier.policy.maximumSize, received: received)
        case .tooLong(let received): return .lengthMismatch(expected: declared.bytes, received: received)
        case .incomplete(let received):
            return StorageRejection(
                .badRequest, Self.incompleteCode,
                "The body ended before its declared length. Nothing was stored. The URL can be used again.",
                [.init("Expected", "\(declared)"), .init("Received", "\(received)")])
        case .tooSlow:
            let rate = environment.limits.lowestRate
            return StorageRejection(
                .requestTimeout, "RequestTimeout",
                "Fewer than \(rate.bytesPerSecond) bytes per second arrived over \(rate.windowSeconds) seconds. Nothing was stored. The URL can be used again."
            )
        }
    }
}
