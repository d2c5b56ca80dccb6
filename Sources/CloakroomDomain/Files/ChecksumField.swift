/// What a field of a request, or a trailer, says of the digest of the body.
enum ChecksumField: Hashable, Sendable {
    /// One digest, in Base64: `Content-MD5` and `x-amz-checksum-…`.
    case one(Checksum.Algorithm)
    /// A dictionary of digests: `Content-Digest` and `Repr-Digest` (RFC 9530).
    ///
    /// A request's representation is its content: partial uploads and content codings are rejected.
    case dictionary
    /// A digest that is not checked: `x-amz-checksum-…` of another algorithm, and `Digest` (RFC 3230, obsolete).
    case unsupported

    private static let prefix = "x-amz-checksum-"
    /// Fields of S3 that begin like a checksum and are none.
    private static let others: Set<String> = ["mode", "type", "algorithm"]

    /// Recognizes a field by its name in lower case.
    init?(_ name: String) {
        switch name {
        case "content-md5": self = .one(.md5)
        case "content-digest", "repr-digest": self = .dictionary
        case "digest": self = .unsupported
        default:
            guard name.hasPrefix(Self.prefix) else { return nil }
            let algorithm = String(name.dropFirst(Self.prefix.count))
            guard !Self.others.contains(algorithm) else { return nil }
            self = Checksum.Algorithm(rawValue: algorithm).map { .one($0) } ?? .unsupported
        }
    }

    /// What has to be computed of a body so that a trailer of this name can be checked; SHA-256 always is.
    var algorithms: Set<Checksum.Algorithm> {
        switch self {
        case .one(let algorithm): [algorithm]
        case .dictionary: [.sha256, .sha512]
        case .unsupported: []
        }
    }
}
