/// Why the checksums that a request announces cannot be checked.
public enum ChecksumError: Error, Hashable, Sendable {
    /// The value is no digest of its algorithm.
    case malformed(field: String)
    /// The algorithm is not supported, or none of the algorithms received is.
    case unsupported(field: String, received: String?)
    /// A trailer is announced, and the body is not in chunks.
    case trailerWithoutChunks(field: String)
    /// A trailer was announced and did not arrive.
    case trailerMissing(field: String)
    /// A trailer arrived that was not announced, and its algorithm was not computed.
    case trailerUnannounced(field: String)

    /// The name of the field or trailer, in lower case.
    public var field: String {
        switch self {
        case .malformed(let field), .unsupported(let field, _), .trailerWithoutChunks(let field),
            .trailerMissing(let field), .trailerUnannounced(let field):
            field
        }
    }

    /// What is wrong and what is allowed, to follow the field's name.
    public var reason: String {
        switch self {
        case .malformed: "is not a valid digest"
        case .unsupported(_, .none): "is not supported; supported are \(Self.supported)"
        case .unsupported(_, .some(let received)):
            "must have sha-256 or sha-512, the supported algorithms; it has \"\(received)\""
        case .trailerWithoutChunks: "is announced as a trailer, which needs Transfer-Encoding: chunked"
        case .trailerMissing: "was announced as a trailer and did not arrive"
        case .trailerUnannounced: "arrived as a trailer and must be announced in the field Trailer"
        }
    }

    private static let supported = """
        Content-MD5, Content-Digest and Repr-Digest with sha-256 or sha-512, and x-amz-checksum- with \
        \(Checksum.Algorithm.allCases.map(\.rawValue).joined(separator: ", "))
        """
}
