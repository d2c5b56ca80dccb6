/// Tells strings that are URLs from those that mention one.
public enum RawURL {
    /// Schemes that count without `//`, and with anything after them.
    private static let schemes = ["http", "https", "ftp", "s3", "gs", "file"]
    /// Schemes in which a backslash is a slash (WHATWG URL §4.4), and that do not count without `//`.
    private static let schemesWithBackslash = ["ws", "wss"]

    /// Whether a string as a whole is a URL.
    ///
    /// A URL begins with `http:`, `https:`, `ftp:`, `s3:`, `gs:` or `file:` and more, with any scheme and `//`, or with
    /// `//`, and has no white space; or it begins with `data:` and has a comma before any white space. A string with
    /// white space in it is prose.
    ///
    /// It is read as a lenient client would (WHATWG URL §4.4): without control characters, white space and byte order
    /// marks at its ends, without tabs and line ends anywhere, with backslashes for slashes where a browser takes them so.
    ///
    /// - Parameter text: Any string.
    /// - Returns: Whether it is a URL.
    public static func matches(_ text: String) -> Bool {
        let bytes = text.utf8
        // One of these tells of nearly every string that it is none.
        guard bytes.contains(UInt8(ascii: ":")) || bytes.contains(where: self.isSlash) else { return false }
        var scalars = text.unicodeScalars.drop(while: self.isTrimmed)
        while let last = scalars.last, self.isTrimmed(last) { scalars.removeLast() }
        let kept: [Unicode.Scalar] = scalars.filter { ![0x09, 0x0A, 0x0D].contains($0.value) }
        guard let (scheme, rest) = self.split(kept[...]) else {
            return kept.starts(with: ["/", "/"], by: self.isSlashLike) && !self.hasWhitespace(kept)
        }
        if scheme == "data", let comma = rest.firstIndex(of: ","), !self.hasWhitespace(rest[..<comma]) { return true }
        let hasAuthority =
            rest.starts(with: ["/", "/"])
            || self.schemesWithBackslash.contains(scheme) && rest.starts(with: ["/", "/"], by: self.isSlashLike)
        guard hasAuthority || self.schemes.contains(scheme) && !rest.isEmpty else { return false }
        return !self.hasWhitespace(rest)
    }

    /// Splits at the colon behind a scheme (RFC 3986 §3.1), which is returned in lower case; `nil` without one.
    private static func split(
        _ scalars: ArraySlice<Unicode.Scalar>
    ) -> (scheme: String, rest: ArraySlice<Unicode.Scalar>)? {
        guard let colon = scalars.firstIndex(of: ":") else { return nil }
        let scheme = scalars[..<colon]
        guard let first = scheme.first, first.properties.isAlphabetic,
            scheme.allSatisfy({
                $0.isASCII && ($0.properties.isAlphabetic || "0123456789+-.".unicodeScalars.contains($0))
            })
        else { return nil }
        return (String(String.UnicodeScalarView(scheme)).lowercased(), scalars[(colon + 1)...])
    }

    /// WHATWG's parser trims controls and the space; languages trim white space, and JavaScript U+FEFF.
    private static func isTrimmed(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value <= 0x20 || scalar.value == 0xFEFF || scalar.properties.isWhitespace
    }

    private static func hasWhitespace(_ scalars: some Sequence<Unicode.Scalar>) -> Bool {
        scalars.contains { $0.properties.isWhitespace }
    }

    private static func isSlash(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "/") || byte == UInt8(ascii: "\\")
    }

    /// Whether a browser takes a character for a slash, by which it begins with an authority.
    private static func isSlashLike(_ scalar: Unicode.Scalar, _ slash: Unicode.Scalar) -> Bool {
        scalar == slash || scalar == "\\"
    }
}
