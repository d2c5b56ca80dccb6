import CloakroomCrypto
import CloakroomDomain

/// Computes one announced checksum while the bytes go by.
struct ChecksumComputation {
    private enum Computation {
        /// The digest that is computed for every blob.
        case shared
        case digest(MessageDigest?)
        case cyclic(CyclicRedundancyCheck)
    }

    private let checksum: Checksum
    private var computation: Computation

    init(_ checksum: Checksum) {
        self.checksum = checksum
        self.computation =
            switch checksum.algorithm {
            case .sha256: .shared
            case .md5: .digest(MessageDigest(.md5))
            case .sha1: .digest(MessageDigest(.sha1))
            case .sha512: .digest(MessageDigest(.sha512))
            case .crc32: .cyclic(CyclicRedundancyCheck(.crc32))
            case .crc32c: .cyclic(CyclicRedundancyCheck(.crc32c))
            case .crc64nvme: .cyclic(CyclicRedundancyCheck(.crc64nvme))
            }
    }

    mutating func update(_ bytes: RawSpan) {
        switch self.computation {
        case .shared: break
        case .digest(let digest): digest?.update(bytes)
        case .cyclic(var check):
            check.update(bytes)
            self.computation = .cyclic(check)
        }
    }

    /// Compares; an algorithm that libcrypto refuses to compute fails closed.
    func verify(sha256: SHA256Digest) throws(StorageError) {
        let received =
            switch self.computation {
            case .shared: sha256.bytes
            case .digest(let digest): digest?.finalize() ?? []
            case .cyclic(let check): check.bytes
            }
        guard received == self.checksum.value else {
            throw .badDigest(
                .init(
                    field: self.checksum.field, expected: Base64.encode(self.checksum.value),
                    received: Base64.encode(received)))
        }
    }
}
