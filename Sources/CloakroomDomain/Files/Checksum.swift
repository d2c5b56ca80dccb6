public import CloakroomCrypto

/// A digest of the body that a client announced in a field of its request.
public struct Checksum: Hashable, Sendable, CustomStringConvertible {
    /// The algorithms that the fields name.
    public enum Algorithm: String, Hashable, Sendable, CaseIterable {
        /// MD5, in `Content-MD5` (RFC 1864).
        case md5
        /// SHA-1, in `x-amz-checksum-sha1`.
        case sha1
        /// SHA-256, in `x-amz-checksum-sha256` and `Content-Digest`.
        case sha256
        /// SHA-512, in `Content-Digest` (RFC 9530).
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

    /// A field that announces a digest has a malformed value.
    public struct Malformed: Error, Hashable, Sendable {
        /// The field's name.
        public let field: String
    }

    /// The request field that announced it, in lower case.
    public let field: String
    /// The algorithm.
    public let algorithm: Algorithm
    /// The digest's bytes.
    public let value: [UInt8]

    /// Creates a checksum of a digest that is known as bytes.
    ///
    /// - Parameters:
    ///   - field: The request field that announced it, in lower case.
    ///   - sha256: The digest.
    public init(field: String, sha256: SHA256Digest) {
        self.field = field
        self.algorithm = .sha256
        self.value = sha256.bytes
    }

    private init(field: String, algorithm: Algorithm, base64: some StringProtocol) throws(Malformed) {
        guard let value = Base64.decode(base64), value.count == algorithm.byteCount else {
            throw Malformed(field: field)
        }
        self.field = field
        self.algorithm = algorithm
        self.value = value
    }

    /// The field, the algorithm, and the digest in hexadecimal digits.
    public var description: String {
        "\(self.field): \(self.algorithm.rawValue) \(Hexadecimal.encode(self.value))"
    }

    /// Reads every field of a request that announces a digest.
    ///
    /// - Parameter value: Returns a field's value by its name in lower case.
    /// - Returns: The checksums, none where no field announces one.
    /// - Throws: ``Malformed`` for a value that is no digest of its algorithm.
    public static func read(from value: (String) -> String?) throws(Malformed) -> [Checksum] {
        var checksums: [Checksum] = []
        if let md5 = value("content-md5") {
            checksums.append(try Checksum(field: "content-md5", algorithm: .md5, base64: md5))
        }
        for algorithm in [Algorithm.crc32, .crc32c, .crc64nvme, .sha1, .sha256] {
            let field = "x-amz-checksum-\(algorithm.rawValue)"
            guard let digest = value(field) else { continue }
            checksums.append(try Checksum(field: field, algorithm: algorithm, base64: digest))
        }
        if let dictionary = value("content-digest") { checksums += try Self.contentDigest(dictionary) }
        return checksums
    }

    /// `Content-Digest: sha-256=:…:, sha-512=:…:`; other algorithms are ignored (RFC 9530 §2).
    private static func contentDigest(_ dictionary: String) throws(Malformed) -> [Checksum] {
        let field = "content-digest"
        var checksums: [Checksum] = []
        for member in dictionary.split(separator: ",") {
            let parts = member.drop { $0 == " " || $0 == "\t" }.split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }) else { throw Malformed(field: field) }
            let algorithms: [Substring: Algorithm] = ["sha-256": .sha256, "sha-512": .sha512]
            guard let algorithm = algorithms[parts[0]] else { continue }
            let item = parts[1].prefix { $0 != " " && $0 != "\t" && $0 != ";" }
            guard item.count > 2, item.hasPrefix(":"), item.hasSuffix(":") else { throw Malformed(field: field) }
            checksums.append(
                try Checksum(field: field, algorithm: algorithm, base64: item.dropFirst().dropLast()))
        }
        return checksums
    }
}
