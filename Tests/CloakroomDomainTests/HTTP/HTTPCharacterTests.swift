import Testing

@testable import CloakroomDomain

/// The character classes against the text of the standards, byte by byte.
struct HTTPCharacterTests {
    static let alphanumerics = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

    @Test
    func tokenCharactersAreThoseOfTheStandard() {
        let expected = Set("!#$%&'*+-.^_`|~\(Self.alphanumerics)".utf8)
        #expect((UInt8.min...UInt8.max).allSatisfy { HTTPCharacter.isToken($0) == expected.contains($0) })
    }

    @Test
    func alphanumericsAreLettersAndDigits() {
        let expected = Set(Self.alphanumerics.utf8)
        #expect((UInt8.min...UInt8.max).allSatisfy { HTTPCharacter.isAlphanumeric($0) == expected.contains($0) })
    }

    @Test
    func hostNameCharactersAreThoseOfTheStandard() {
        let expected = Set("-._~%!$&'()*+,;=\(Self.alphanumerics)".utf8)
        let isHost: (UInt8) -> Bool = { HTTPCharacter.isHost([UInt8(ascii: "a"), $0, UInt8(ascii: "a")]) }
        #expect((UInt8.min...UInt8.max).allSatisfy { isHost($0) == expected.contains($0) })
    }

    @Test(arguments: [("", ""), (" \t ", ""), ("a", "a"), ("\ta b ", "a b"), ("a\u{A0}", "a\u{A0}")])
    func whiteSpaceIsTrimmedAtBothEnds(text: String, expected: String) {
        #expect(String(decoding: HTTPCharacter.trimmed(ArraySlice(text.utf8)), as: UTF8.self) == expected)
    }

    @Test(arguments: [("", true), (",, ,", true), ("CLOSE, close", true), ("close, x", false), ("closed", false)])
    func listContainsOnlyAToken(text: String, expected: Bool) {
        #expect(HTTPCharacter.list(ArraySlice(text.utf8), containsOnly: "close") == expected)
    }

    @Test(arguments: [("", false), ("keep-alive,\tClose", true), ("closed", false), ("x, close ,y", true)])
    func listContainsAToken(text: String, expected: Bool) {
        #expect(HTTPCharacter.list(ArraySlice(text.utf8), contains: "close") == expected)
    }

    @Test(arguments: [("", []), ("A, b\tC,,d", ["a", "b", "c", "d"])])
    func tokensAreSplitAndInLowerCase(text: String, expected: [String]) {
        #expect(HTTPCharacter.tokens(of: text) == expected)
    }
}
