import CloakroomCrypto
import CloakroomDomain

/// Computes what the announced checksums of a body are compared with, while the bytes go by.
struct ChecksumComputation {
    private enum Computation {
        case digest(MessageDigest?)
        case cyclic(CyclicRedundancyCheck)
    }

    private var expected: [Checksum]
    /// For each algorithm but SHA-256, which is computed for every blob.
    private var computations: [Checksum.Algorithm: Computation] = [:]

    /// Computes what a body has to have, and what checksums that follow the body need.
    init(_ expected: [Checksum], algorithms: Set<Checksum.Algorithm>) {
        self.expected = expected
        for algorithm in algorithms.union(expected.map(\.algorithm)) {
            self.computations[algorithm] = Self.computation(algorithm)
        }
    }

    private static func computation(_ algorithm: Checksum.Algorithm) -> Computation? {
        switch algorithm {
        case .sha256: nil
        case .md5: .digest(MessageDigest(.md5))
        case .sha1: .digest(MessageDigest(.sha1))
        case .sha512: .digest(MessageDigest(.sha512))
        case .crc32: .cyclic(CyclicRedundancyCheck(.crc32))
        case .crc32c: .cyclic(CyclicRedundancyCheck(.crc32c))
        case .crc64nvme: .cyclic(CyclicRedundancyCheck(.crc64nvme))
        }
    }

    /// Adds checksums that arrived behind the body.
    mutating func expect(_ checksums: [Checksum]) {
        self.expected += checksums
    }

    mutating func update(_ bytes: RawSpan) {
        for (algorithm, computation) in self.computations {
            switch computation {
            case .digest(let digest): digest?.update(bytes)
            case .cyclic(var check):
                check.update(bytes)
                self.computations[algorithm] = .cyclic(check)
            }
        }
    }

    /// Compares; an algorithm that was not computed, or that libcrypto does not compute, fails closed.
    func verify(sha256: SHA256Digest) throws(StorageError) {
        let computed = self.computations.mapValues { computation in
            switch computation {
            case .digest(let digest): digest?.finalize() ?? []
            case .cyclic(let check): check.bytes
            }
        }
        for checksum in self.expected {
            let received = checksum.algorithm == .sha256 ? sha256.bytes : computed[checksum.algorithm] ?? []
            guard received == checksum.value else {
                throw .badDigest(
                    .init(
                        field: checksum.field, expected: Base64.encode(checksum.value),
                        received: Base64.encode(received)))
            }
        }
    }
}
