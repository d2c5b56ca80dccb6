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
        while let byte = self.next, byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") { self.position += 1 }
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
        while let byte = self.next, Self.isTokenCharacter(byte) { self.position += 1 }
        return self.position > start ? self.text(from: start, to: self.position) : nil
    }

    /// Takes `token *( OWS "," OWS token )`, and returns it as it stands.
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
                guard let escaped = self.next, Self.isFieldCharacter(escaped) else { return nil }
                content.append(escaped)
                self.position += 1
            default:
                guard Self.isFieldCharacter(byte) else { return nil }
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
            guard "+/=".utf8.contains(byte) || Self.isAlphanumeric(byte) else { return nil }
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

    /// tchar of RFC 9110 §5.6.2.
    static func isTokenCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case _ where Self.isAlphanumeric(byte):
            true
        case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "&"),
            UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "^"), UInt8(ascii: "_"), UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
            true
        default:
            false
        }
    }

    /// ALPHA and DIGIT.
    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default:
            false
        }
    }

    /// HTAB, SP, VCHAR and obs-text: what a field value may hold (RFC 9110 §5.5).
    package static func isFieldCharacter(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "\t") || (byte >= 0x20 && byte != 0x7F)
    }
}
