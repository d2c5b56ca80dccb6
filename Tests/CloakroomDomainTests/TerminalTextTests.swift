import CloakroomDomain
import Testing

@Suite("Text of others on a terminal")
struct TerminalTextTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let text: String
        let escaped: String
        var testDescription: String { self.escaped }

        init(_ text: String, _ escaped: String) {
            self.text = text
            self.escaped = escaped
        }
    }

    @Test(arguments: [
        Case("", ""),
        Case("photo (1).png", "photo (1).png"),
        Case("Größe – 写真 ✓", "Größe – 写真 ✓"),
        Case("שלום عربي", "שלום عربي"),
        // A snowman with the selector of its coloured image, and a combining accent.
        Case("\u{2603}\u{FE0F} e\u{301}", "\u{2603}\u{FE0F} e\u{301}"),
        Case("a\tb\r\n", #"a\tb\r\n"#),
        Case("\u{1B}[31m\u{7}\0", #"\u{1B}[31m\u{7}\u{0}"#),
        Case("\u{7F}\u{80}\u{9B}31m", #"\u{7F}\u{80}\u{9B}31m"#),
        Case("\u{202A}\u{202B}\u{202C}\u{202D}\u{202E}", #"\u{202A}\u{202B}\u{202C}\u{202D}\u{202E}"#),
        Case("\u{2066}\u{2067}\u{2068}\u{2069}", #"\u{2066}\u{2067}\u{2068}\u{2069}"#),
        Case("\u{200E}\u{200F}\u{61C}", #"\u{200E}\u{200F}\u{61C}"#),
        Case("\u{2028}\u{2029}", #"\u{2028}\u{2029}"#),
        Case("\u{200B}\u{200C}\u{200D}\u{2060}\u{FEFF}\u{AD}", #"\u{200B}\u{200C}\u{200D}\u{2060}\u{FEFF}\u{AD}"#),
        Case("\u{E0001}\u{E0041}\u{E007F}", #"\u{E0001}\u{E0041}\u{E007F}"#),
        // Letters that have no image.
        Case("\u{3164}\u{115F}\u{34F}", #"\u{3164}\u{115F}\u{34F}"#),
    ])
    func whatIsNotDisplayedIsEscaped(_ example: Case) {
        #expect(TerminalText.escape(example.text) == example.escaped)
    }

    @Test
    func linesStayLines() {
        #expect(TerminalText.escape(lines: "a\nb\r\u{1B}\n") == "a\nb\\r\\u{1B}\n")
    }
}
