public import CloakroomCrypto

/// A digest of the body that a client announced in a field of its request.
public struct Checksum: Hashable, Sendable, CustomStringConvertible {
    /// The algorithms that the fields name.
    public enum Algorithm: String, Hashable, Sendable, CaseIterable {
        /// MD5, in `Content-MD5` (RFC 1864) and `x-amz-checksum-md5`.
        case md5
        /// SHA-1, in `x-amz-checksum-sha1`.
        case sha1
        /// SHA-256, in `x-amz-checksum-sha256` and `Content-Digest`.
        case sha256
        /// SHA-512, in `x-amz-checksum-sha512` and `Content-Digest` (RFC 9530).
        case sha512
        /// CRC-32, in `x-amz-checksum-crc32`.
        case crc32
        /// CRC-32C, in `x-amz-checksum-crc32c`.
        case crc32c
        /// CRC-64/NVME, in `x-amz-checksum-crc64nvme`.
        case crc64nvme

        fileprivate var byteCount: Int {
            switch self {
            case .md5: 16
            case .sha1: 20
            case .sha256: 32
            case .sha512: 64
            case .crc32, .crc32c: 4
            case .crc64nvme: 8
            }
        }
    }

    /// The request field that announced it, in lower case.
    public let field: String
    /// The algorithm.
    public let algorithm: Algorithm
    /// The digest's bytes.
    public let value: [UInt8]

    /// Creates a checksum of a digest that is known as bytes; the name of the field that announced it is in lower case.
    public init(field: String, sha256: SHA256Digest) {
        self.field = field
        self.algorithm = .sha256
        self.value = sha256.bytes
    }

    init(field: String, algorithm: Algorithm, base64: some StringProtocol) throws(ChecksumError) {
        guard let value = Base64.decode(base64), value.count == algorithm.byteCount else {
            throw .malformed(field: field)
        }
        self.field = field
        self.algorithm = algorithm
        self.value = value
    }

    /// The field, the algorithm, and the digest in hexadecimal digits.
    public var description: String {
        "\(self.field): \(self.algorithm.rawValue) \(Hexadecimal.encode(self.value))"
    }

    /// Returns the checksums that a field announces, several joined by commas, and none if it is no field of a
    /// checksum; its name is in lower case.
    public static func read(_ field: String, _ value: String) throws(ChecksumError) -> [Checksum] {
        switch ChecksumField(field) {
        case .none: []
        case .one(let algorithm): [try Checksum(field: field, algorithm: algorithm, base64: value)]
        case .dictionary: try DigestDictionary.read(field, value)
        case .unsupported: throw .unsupported(field: field, received: nil)
        }
    }
}
