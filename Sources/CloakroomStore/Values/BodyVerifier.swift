package import CloakroomCrypto
package import CloakroomDomain
package import NIOCore

/// Counts and hashes the bytes of a body as they arrive, and compares them with what was announced.
///
/// Every engine's staged bodies have one.
package struct BodyVerifier: ~Copyable {
    private let length: BodyLength
    private var hasher = SHA256()
    private var checksums: ChecksumComputation
    /// How many bytes have arrived.
    package private(set) var count: Int64 = 0

    package init(_ request: StagingRequest) {
        self.length = request.length
        self.checksums = ChecksumComputation(request.checksums, algorithms: request.algorithms)
    }

    /// Adds the next bytes.
    package mutating func append(_ chunk: ByteBuffer) throws(StorageError) {
        self.count += Int64(chunk.readableBytes)
        guard self.count <= self.length.limit else {
            throw .wrongLength(expected: self.length.limit, received: self.count)
        }
        chunk.withUnsafeReadableBytes { buffer in
            // The buffer is readable for the call; hashing keeps nothing of it.
            self.hasher.update(buffer.bytes)
            self.checksums.update(buffer.bytes)
        }
    }

    /// Compares a body that has ended with what was announced.
    package mutating func finish(
        trailing: [Checksum], declared: SHA256Digest?
    ) throws(StorageError) -> FinishedBody {
        guard self.length.allows(self.count), let size = ByteCount(self.count) else {
            throw .wrongLength(expected: self.length.limit, received: self.count)
        }
        self.checksums.expect(trailing)
        let digest = self.hasher.digest()
        try self.checksums.verify(sha256: digest)
        if let declared, declared != digest {
            throw .badDigest(.init(field: "sha256", expected: declared.hexadecimal, received: digest.hexadecimal))
        }
        return FinishedBody(digest: digest, size: size)
    }
}
