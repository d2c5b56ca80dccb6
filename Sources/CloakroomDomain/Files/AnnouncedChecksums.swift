/// The checksums that the head of a request announces of its body: their values, and the trailers with more.
public struct AnnouncedChecksums: Sendable {
    /// What is read of a request or its trailers: names in lower case, and values.
    public typealias Fields = [(name: String, value: String)]

    /// The checksums in the head.
    public let checksums: [Checksum]
    /// The names of the trailers to come that have checksums.
    public let trailers: Set<String>
    /// What has to be computed so that the trailers can be checked.
    public var algorithms: Set<Checksum.Algorithm> {
        self.trailers.reduce(into: []) { $0.formUnion(ChecksumField($1)?.algorithms ?? []) }
    }

    /// Whether a field, whose name is in lower case, has a part in this: it has a checksum, or announces trailers; no
    /// other need be given to ``init(_:isChunked:)``.
    public static func isRelevant(_ name: String) -> Bool {
        self.announcements.contains(name) || ChecksumField(name) != nil
    }

    /// `Trailer` (RFC 9110 §6.6.2), and S3's.
    private static let announcements: Set<String> = ["trailer", "x-amz-trailer"]

    /// Reads the head of a request, whose trailers can follow it only if its body is in chunks.
    public init(_ fields: Fields, isChunked: Bool) throws(ChecksumError) {
        let fields = Self.joined(fields)
        var checksums: [Checksum] = []
        var trailers: Set<String> = []
        for (name, value) in fields {
            if Self.announcements.contains(name) {
                trailers.formUnion(try Self.announced(value))
            } else {
                checksums += try Checksum.read(name, value)
            }
        }
        if let trailer = trailers.min(), !isChunked { throw .trailerWithoutChunks(field: trailer) }
        self.checksums = checksums
        self.trailers = trailers
    }

    /// Returns the checksums in the trailers that arrived; throws for an announced trailer that did not.
    public func checksums(inTrailers fields: Fields) throws(ChecksumError) -> [Checksum] {
        let fields = Self.joined(fields)
        var checksums: [Checksum] = []
        for (name, value) in fields {
            let found = try Checksum.read(name, value)
            let isComputed = self.trailers.contains(name) || found.allSatisfy { $0.algorithm == .sha256 }
            guard isComputed else { throw .trailerUnannounced(field: name) }
            checksums += found
        }
        let missing = self.trailers.subtracting(fields.map(\.name))
        if let trailer = missing.min() { throw .trailerMissing(field: trailer) }
        return checksums
    }

    private static func announced(_ list: String) throws(ChecksumError) -> [String] {
        var names: [String] = []
        for name in HTTPCharacter.tokens(of: list) {
            switch ChecksumField(name) {
            case .none: continue
            case .unsupported: throw .unsupported(field: name, received: nil)
            case .one, .dictionary: names.append(name)
            }
        }
        return names
    }

    /// Joins the values of every field of a name (RFC 9110 §5.3), in the order of arrival.
    private static func joined(_ fields: Fields) -> Fields {
        var joined: Fields = []
        for (name, value) in fields {
            if let index = joined.firstIndex(where: { $0.name == name }) {
                joined[index].value += ", \(value)"
            } else {
                joined.append((name, value))
            }
        }
        return joined
    }
}
