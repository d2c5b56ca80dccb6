/// Tells strings that are URLs from those that mention one.
public enum RawURL {
    private static let schemes = ["http:", "https:", "ftp:", "s3:", "gs:", "file:"]

    /// Whether a string as a whole is a URL.
    ///
    /// As a lenient client would read it (WHATWG URL §4.4): without control characters and spaces at its ends, and
    /// without tabs and line ends anywhere. A string with a space in it is prose; of a `data:` URL only what stands
    /// before its comma counts.
    ///
    /// - Parameter text: Any string.
    /// - Returns: Whether it is a URL of a scheme that a model could follow.
    public static func matches(_ text: String) -> Bool {
        let isTrimmed = { (scalar: Unicode.Scalar) in scalar.value <= 0x20 }
        var scalars = text.unicodeScalars.drop(while: isTrimmed)
        // The first characters tell of nearly every string that it is none.
        guard let first = scalars.first, "hfsgdHFSGD".unicodeScalars.contains(first) else { return false }
        while let last = scalars.last, isTrimmed(last) { scalars.removeLast() }
        let kept = String(String.UnicodeScalarView(scalars.filter { ![0x09, 0x0A, 0x0D].contains($0.value) }))
        let start = kept.prefix(6).lowercased()
        if start.hasPrefix("data:") {
            return kept.unicodeScalars.prefix { $0 != "," }.count < kept.unicodeScalars.count
                && !Self.hasWhitespace(kept.prefix { $0 != "," })
        }
        guard let scheme = Self.schemes.first(where: { start.hasPrefix($0) }) else { return false }
        return kept.utf8.count > scheme.utf8.count && !Self.hasWhitespace(kept[...])
    }

    private static func hasWhitespace(_ text: Substring) -> Bool {
        text.unicodeScalars.contains { $0.properties.isWhitespace }
    }
}
