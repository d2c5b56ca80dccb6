import CloakroomDomain
import Testing

/// RFC 6901.
struct JSONPointerTests {
    /// RFC 6901 §5's examples, and others.
    @Test(arguments: [
        "", "/foo", "/foo/0", "/", "/a~1b", "/c%d", "/e^f", "/g|h", "/i\\j", "/k\"l", "/ ", "/m~0n", "/~0~1",
    ])
    func pointersAreRead(text: String) throws {
        #expect(try #require(JSONPointer(text)).description == text)
    }

    @Test(arguments: ["foo", "foo/", "/~", "/~2", "/a~", "#/foo", " /foo"])
    func othersAreRefused(text: String) {
        #expect(JSONPointer(text) == nil)
    }

    /// RFC 6901 §4: code point by code point.
    @Test func equivalentNamesAreDifferentPlaces() {
        #expect(JSONPointer("/\u{E9}") != JSONPointer("/e\u{301}"))
    }

    @Test(arguments: [
        ("", []), ("/", [""]), ("/a~1b/m~0n", ["a/b", "m~n"]), ("/~01", ["~1"]), ("/~10", ["/0"]), ("//0", ["", "0"]),
    ])
    func tokensAreUnescaped(text: String, tokens: [String]) {
        #expect(JSONPointer(text)?.tokens == tokens)
    }

    @Test func parentsLeadToTheRoot() throws {
        var pointer = JSONPointer("/a~1b/0/")
        var visited: [String] = []
        while let current = pointer {
            visited.append(current.description)
            pointer = current.parent
        }
        #expect(visited == ["/a~1b/0/", "/a~1b/0", "/a~1b", ""])
        #expect(JSONPointer("") == .root)
    }
}
