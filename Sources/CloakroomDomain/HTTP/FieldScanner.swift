/// Reads the grammar that HTTP fields share: tokens, quoted strings, optional white space (RFC 9110 §5.6).
package struct FieldScanner {
    private let bytes: [UInt8]
    private(set) var position = 0

    package init(_ text: some StringProtocol) {
        self.init(Array(text.utf8))
    }

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    package var isAtEnd: Bool { self.position == self.bytes.count }

    /// Skips `OWS = *( SP / HTAB )`.
    package mutating func skipWhitespace() {
        while let byte = self.next, HTTPCharacter.isWhitespace(byte) { self.position += 1 }
    }

    package mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard let byte = self.next, UInt32(byte) == scalar.value else { return false }
        self.position += 1
        return true
    }

    /// Takes `OWS ";" OWS`.
    package mutating func takePaddedSemicolon() -> Bool {
        let start = self.position
        self.skipWhitespace()
        guard self.take(";") else {
            self.position = start
            return false
        }
        self.skipWhitespace()
        return true
    }

    /// Takes `token = 1*tchar`.
    package mutating func token() -> String? {
        let start = self.position
        while let byte = self.next, HTTPCharacter.isToken(byte) { self.position += 1 }
        return self.position > start ? self.text(from: start, to: self.position) : nil
    }

    /// Takes `token *( OWS "," OWS token )`, and returns it verbatim.
    ///
    /// A comma without a token behind it is left.
    mutating func tokenList() -> String? {
        let start = self.position
        guard self.token() != nil else { return nil }
        var end = self.position
        while true {
            self.skipWhitespace()
            guard self.take(",") else { break }
            self.skipWhitespace()
            guard self.token() != nil else { break }
            end = self.position
        }
        self.position = end
        return self.text(from: start, to: end)
    }

    /// Takes `quoted-string = DQUOTE *( qdtext / quoted-pair ) DQUOTE`.
    package mutating func quotedString() -> String? {
        guard self.take("\"") else { return nil }
        var content: [UInt8] = []
        while let byte = self.next {
            self.position += 1
            switch byte {
            case UInt8(ascii: "\""):
                return String(decoding: content, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let escaped = self.next, HTTPCharacter.isFieldValue(escaped) else { return nil }
                content.append(escaped)
                self.position += 1
            default:
                guard HTTPCharacter.isFieldValue(byte) else { return nil }
                content.append(byte)
            }
        }
        return nil
    }

    /// Takes `":" *( ALPHA / DIGIT / "+" / "/" / "=" ) ":"`, and returns what is between the colons (RFC 9651 §3.3.5).
    mutating func byteSequence() -> String? {
        guard self.take(":") else { return nil }
        let start = self.position
        while let byte = self.next, byte != UInt8(ascii: ":") {
            guard "+/=".utf8.contains(byte) || HTTPCharacter.isAlphanumeric(byte) else { return nil }
            self.position += 1
        }
        let digits = self.text(from: start, to: self.position)
        return self.take(":") ? digits : nil
    }

    func text(from start: Int, to end: Int) -> String {
        String(decoding: self.bytes[start..<end], as: UTF8.self)
    }

    private var next: UInt8? {
        self.position < self.bytes.count ? self.bytes[self.position] : nil
    }

    /// Whether a byte may be in a field value; see ``HTTPCharacter/isFieldValue(_:)``.
    package static func isFieldCharacter(_ byte: UInt8) -> Bool { HTTPCharacter.isFieldValue(byte) }
}
