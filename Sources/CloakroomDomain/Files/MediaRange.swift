/// A media range without parameters (RFC 9110 §12.5.1): `*/*`, `image/*` or `image/png`.
public struct MediaRange: Hashable, Sendable, CustomStringConvertible {
    private let type: String
    private let subtype: String

    /// Reads a range; anything else, `*/png` among it, gives `nil`.
    public init?(_ text: some StringProtocol) {
        let parts = text.lowercased().split(separator: "/", omittingEmptySubsequences: false)
        // Some other characters have an ASCII letter as their lower case.
        guard text.utf8.allSatisfy({ $0 < 0x80 }), parts.count == 2,
            parts.allSatisfy({ part in
                part == "*"
                    || (!part.isEmpty
                        && part.utf8.allSatisfy { HTTPCharacter.isToken($0) && $0 != UInt8(ascii: "*") })
            }), parts[0] != "*" || parts[1] == "*"
        else { return nil }
        self.type = String(parts[0])
        self.subtype = String(parts[1])
    }

    /// Whether a media type lies in the range, whatever its parameters.
    public func contains(_ mediaType: MediaType) -> Bool {
        // S3's name for bytes nobody described is a name of the same type.
        if self.description == "binary/octet-stream" { return mediaType.isGeneric }
        let (type, subtype) = (mediaType.topLevelType, mediaType.essence.dropFirst(mediaType.topLevelType.count + 1))
        return (self.type == "*" || self.type == type) && (self.subtype == "*" || self.subtype == subtype)
    }

    /// The range in lower case.
    public var description: String { "\(self.type)/\(self.subtype)" }
}
