/// Text that others wrote, for a terminal: what a terminal obeys, hides or reorders is printed as an escape.
///
/// Such characters are control characters (ESC among them), format characters (bidirectional controls, zero-width
/// characters, tags), line and paragraph separators, and other characters that are not displayed. Variation selectors
/// stay: they choose between two images of the character before.
public enum TerminalText {
    /// Escapes a text that is printed as a part of a line, with `\n`, `\r`, `\t` and `\u{…}`, the latter with
    /// hexadecimal digits.
    public static func escape(_ text: String) -> String {
        self.escape(text, except: { _ in false })
    }

    /// Escapes a text of several lines as ``escape(_:)``, but for its line feeds.
    public static func escape(lines text: String) -> String {
        self.escape(text, except: { $0 == "\n" })
    }

    private static func escape(_ text: String, except isKept: (Unicode.Scalar) -> Bool) -> String {
        let isPlain = text.utf8.allSatisfy { (0x20...0x7E).contains($0) }
        guard !isPlain else { return text }
        var escaped = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if isKept(scalar) || !self.needsEscape(scalar) {
                escaped.append(scalar)
            } else {
                escaped.append(contentsOf: self.escape(of: scalar).unicodeScalars)
            }
        }
        return String(escaped)
    }

    private static func escape(of scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\n": #"\n"#
        case "\r": #"\r"#
        case "\t": #"\t"#
        default: "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
        }
    }

    /// Whether a terminal would not simply display a character: ``escape(_:)`` escapes it.
    public static func needsEscape(_ scalar: Unicode.Scalar) -> Bool {
        if (0x20...0x7E).contains(scalar.value) { return false }
        let properties = scalar.properties
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: return true
        default: return properties.isDefaultIgnorableCodePoint && !properties.isVariationSelector
        }
    }
}
