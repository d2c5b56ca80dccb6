/// The boundary between the parts of a form, from the request's `Content-Type` field (RFC 2046 §5.1.1).
package struct MultipartBoundary: Hashable, Sendable, CustomStringConvertible {
    /// The most bytes in a boundary (RFC 2046 §5.1.1).
    package static let maximumLength = 70

    /// The boundary without the two hyphens before it: 1 to 70 bytes of `bchars`, the last one no space.
    package let text: String

    /// Reads the boundary of a form, which many clients send without quotation marks; `nil` where the type is not
    /// `multipart/form-data`.
    package static func read(_ contentType: some StringProtocol) throws(MultipartError) -> MultipartBoundary? {
        var scanner = FieldScanner(contentType)
        scanner.skipWhitespace()
        guard scanner.token()?.lowercased() == "multipart", scanner.take("/"),
            scanner.token()?.lowercased() == "form-data"
        else { return nil }
        var boundary: String?
        while scanner.takePaddedSemicolon() {
            // An empty parameter is allowed: parameters = *( OWS ";" OWS [ parameter ] ).
            guard let name = scanner.token()?.lowercased() else { continue }
            guard scanner.take("="), let value = scanner.quotedString() ?? Self.unquotedValue(&scanner) else {
                throw .boundary(.malformed(String(contentType)))
            }
            guard name == "boundary" else { continue }
            guard boundary == nil else { throw .boundary(.repeated) }
            boundary = value
        }
        scanner.skipWhitespace()
        guard scanner.isAtEnd else { throw .boundary(.malformed(String(contentType))) }
        guard let boundary else { throw .boundary(.missing) }
        return try MultipartBoundary(boundary)
    }

    /// Checks a boundary, without the two hyphens before it.
    package init(_ text: String) throws(MultipartError) {
        let length = text.utf8.count
        guard length <= Self.maximumLength else { throw .boundary(.tooLong(length: length)) }
        guard let last = text.utf8.last, last != UInt8(ascii: " "), text.utf8.allSatisfy(Self.isBoundaryCharacter)
        else { throw .boundary(.malformed(text)) }
        self.text = text
    }

    /// The boundary without the two hyphens before it.
    package var description: String { self.text }

    /// Takes `bchars` up to a space, a comma or a semicolon, tokens or not.
    private static func unquotedValue(_ scanner: inout FieldScanner) -> String? {
        let start = scanner.position
        while scanner.token() != nil || ["/", ":", "=", "?", "(", ")"].contains(where: { scanner.take($0) }) {}
        return scanner.position > start ? scanner.text(from: start, to: scanner.position) : nil
    }

    /// bchars of RFC 2046 §5.1.1.
    private static func isBoundaryCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case _ where HTTPCharacter.isAlphanumeric(byte):
            true
        case UInt8(ascii: "'"), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "+"), UInt8(ascii: "_"),
            UInt8(ascii: ","), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: ":"),
            UInt8(ascii: "="), UInt8(ascii: "?"), UInt8(ascii: " "):
            true
        default:
            false
        }
    }
}
