/// Reads the type and the parameters of a part's `Content-Disposition`.
struct MultipartParameterScanner {
    private let text: String
    private let hasBackslashEscapes: Bool
    private var rest: ArraySlice<UInt8>

    /// Reads a field's value, in which `\"` and `\\` may be escapes between quotation marks.
    init(_ text: String, hasBackslashEscapes: Bool) {
        self.text = text
        self.hasBackslashEscapes = hasBackslashEscapes
        self.rest = Array(text.utf8)[...]
    }

    /// Takes `token = 1*tchar`.
    mutating func token() -> String? {
        let token = self.rest.prefix(while: HTTPCharacter.isToken)
        self.rest = self.rest.dropFirst(token.count)
        return token.isEmpty ? nil : String(decoding: token, as: UTF8.self)
    }

    /// Takes a semicolon and a parameter, past empty ones; `nil` at the end.
    mutating func next() throws(MultipartError) -> (name: String, value: [UInt8])? {
        while true {
            self.skipWhitespace()
            guard let separator = self.rest.popFirst() else { return nil }
            guard separator == UInt8(ascii: ";") else { throw self.malformed }
            self.skipWhitespace()
            guard let name = self.token() else { continue }
            guard self.rest.popFirst() == UInt8(ascii: "=") else { throw self.malformed }
            if self.rest.first == UInt8(ascii: "\"") { return (name, try self.quotedValue()) }
            let value = self.rest.prefix(while: Self.isUnquotedCharacter)
            guard !value.isEmpty else { throw self.malformed }
            self.rest = self.rest.dropFirst(value.count)
            return (name, Array(value))
        }
    }

    private var malformed: MultipartError { .malformedDisposition(received: self.text) }

    private mutating func skipWhitespace() {
        self.rest = self.rest.drop(while: HTTPCharacter.isWhitespace)
    }

    private mutating func quotedValue() throws(MultipartError) -> [UInt8] {
        self.rest.removeFirst()
        var value: [UInt8] = []
        while let byte = self.rest.popFirst() {
            if byte == UInt8(ascii: "\"") { return value }
            if byte == UInt8(ascii: "\\"), self.hasBackslashEscapes, let escaped = self.rest.first,
                escaped == UInt8(ascii: "\"") || escaped == UInt8(ascii: "\\")
            {
                self.rest.removeFirst()
                value.append(escaped)
            } else {
                value.append(byte)
            }
        }
        throw self.malformed
    }

    /// Anything that ends no value, as some clients leave the quotation marks out of any name without spaces.
    private static func isUnquotedCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: ";"), UInt8(ascii: "\""), UInt8(ascii: "\\"): false
        default: true
        }
    }
}
