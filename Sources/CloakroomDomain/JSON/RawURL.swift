/// Tells strings that are URLs from those that mention one.
public enum RawURL {
    private static let schemes = ["http:", "https:", "ftp:", "s3:", "gs:", "file:"].map { Array($0.utf8) }
    private static let dataScheme = Array("data:".utf8)

    /// Whether a string as a whole is a URL.
    ///
    /// As a lenient client would read it (WHATWG URL §4.4): without control characters and white space at its ends, and
    /// without tabs and line ends anywhere. A string with white space in it is prose; of a `data:` URL only what stands
    /// before its comma counts. It keeps honest users from a mistake, and is no barrier: what a model takes for a URL is
    /// the model's to say.
    ///
    /// - Parameter text: Any string.
    /// - Returns: Whether it is a URL of a scheme that a model could follow.
    public static func matches(_ text: String) -> Bool {
        let isTrimmed = { (scalar: Unicode.Scalar) in scalar.value <= 0x20 || scalar.properties.isWhitespace }
        var scalars = text.unicodeScalars.drop(while: isTrimmed)
        // The first character tells of nearly every string that it is none.
        guard let first = scalars.first, "hfsgdHFSGD".unicodeScalars.contains(first) else { return false }
        while let last = scalars.last, isTrimmed(last) { scalars.removeLast() }
        let kept = scalars.filter { ![0x09, 0x0A, 0x0D].contains($0.value) }
        // Scalars and bytes, not characters: an accent behind a colon makes it no other colon.
        let start = String(String.UnicodeScalarView(kept.prefix(6))).utf8.map { byte in
            (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
        }
        if start.starts(with: self.dataScheme) {
            guard let comma = kept.firstIndex(of: ",") else { return false }
            return !kept[..<comma].contains { $0.properties.isWhitespace }
        }
        guard let scheme = self.schemes.first(where: { start.starts(with: $0) }) else { return false }
        return kept.count > scheme.count && !kept.contains { $0.properties.isWhitespace }
    }
}
