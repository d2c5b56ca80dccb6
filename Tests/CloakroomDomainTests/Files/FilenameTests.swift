import CloakroomDomain
import Testing

/// Filenames by the contract: 1 to 255 characters, no control characters, `/` or `\`.
struct FilenameTests {
    @Test(arguments: [
        "a", "cat.png", " ", "naïve résumé.pdf", "日本語.txt", "😀.gif", "a\"b.txt", "100%.txt", "..", "con", "a:b",
        "\u{202E}gnp.exe", String(repeating: "é", count: 255), String(repeating: "😀", count: 255),
    ])
    func nameIsKeptAsGiven(text: String) throws {
        let filename = try Filename(text)
        #expect(Array(filename.text.utf8) == Array(text.utf8))
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let text: String
        let error: Filename.Invalid

        init(_ name: String, _ text: String, _ error: Filename.Invalid) {
            self.name = name
            self.text = text
            self.error = error
        }

        var testDescription: String { self.name }
    }

    static let rejected: [Case] = [
        Case("nothing", "", .length(0)),
        Case("256 characters", String(repeating: "a", count: 256), .length(256)),
        Case("256 emoji", String(repeating: "😀", count: 256), .length(256)),
        Case("a slash", "a/b", .character("/")),
        Case("a path upwards", "../../etc/passwd", .character("/")),
        Case("a backslash", "a\\b", .character("\\")),
        Case("NUL", "a\u{0}.png", .character("\u{0}")),
        Case("a line feed", "a\nb", .character("\n")),
        // One grapheme to Swift, two characters to Unicode.
        Case("CR LF", "a\r\nSet-Cookie: a=b", .character("\r")),
        Case("a tab", "a\tb", .character("\t")),
        Case("DEL", "a\u{7F}", .character("\u{7F}")),
        Case("a C1 control", "a\u{85}b", .character("\u{85}")),
        Case("a slash with an accent", "a/\u{301}b", .character("/")),
    ]

    @Test(arguments: Self.rejected)
    func nameIsRefused(_ example: Case) {
        #expect(throws: example.error) { try Filename(example.text) }
    }

    struct ExtensionCase: CustomTestStringConvertible, Sendable {
        let text: String
        let pathExtension: String?

        init(_ text: String, _ pathExtension: String?) {
            self.text = text
            self.pathExtension = pathExtension
        }

        var testDescription: String { self.text }
    }

    static let extensions: [ExtensionCase] = [
        ExtensionCase("cat.png", "png"),
        ExtensionCase("CAT.PNG", "png"),
        ExtensionCase("archive.tar.gz", "gz"),
        ExtensionCase("README", nil),
        ExtensionCase(".bashrc", nil),
        ExtensionCase("cat.", nil),
        ExtensionCase(".", nil),
    ]

    @Test(arguments: Self.extensions)
    func extensionIsWhatFollowsTheLastFullStop(_ example: ExtensionCase) throws {
        let filename = try Filename(example.text)
        #expect(filename.pathExtension == example.pathExtension)
    }
}
