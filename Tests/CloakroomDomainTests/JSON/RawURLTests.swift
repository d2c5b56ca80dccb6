import CloakroomDomain
import Testing

/// Telling URLs from prose.
struct RawURLTests {
    @Test(arguments: [
        "https://example.com/a.png", "http://example.com", "HTTPS://EXAMPLE.COM", "http:x", "ftp://example.com/a",
        "s3://bucket/key", "gs://bucket/key", "file:///etc/passwd", "file:notes.txt",
        "data:image/png;base64,iVBORw0KGgo=",
        "data:,hello world", " https://example.com ", "\n\thttps://example.com\u{0}", "ht\ntps://example.com",
        "https://exa\tmple.com", "https://example.com/\u{FC}.png", "http:\u{FE0F}example.com", "data:\u{301},x",
        "data:,\u{301} a b",
        "https://example.com\u{A0}", "https://user:secret@example.com",
        // Any scheme with two slashes, and two slashes.
        "ws://example.com", "ssh://x", "javascript://x", "a+b-c.1://x", "jar://x",
        "C://x", "x://", "data://x", "//example.com/a.png", "//", "///x", "//example.com:80",
        // As a browser reads them.
        "\\\\example.com", "/\\example.com", "\\/example.com", "/\t/example.com", "wss:\\\\x", "ws:/\\x", "https:\\\\x",
        "\u{FEFF}https://x", "//x\u{FEFF}", "java\nscript://x", "h\tttp:x", "WS://X",
    ])
    func urlsAreRecognised(text: String) {
        #expect(RawURL.matches(text))
    }

    @Test(arguments: [
        "", " ", "https", "https:", "http: a protocol", "See https://example.com/a.png",
        "https://example.com is a page",
        "https://example.com/\u{A0}x", "data: the new oil, they say", "data:", "datacenter:,", "file: attached",
        "files:x",
        "mailto:a@b.test", "ws:example.com", "javascript:alert(1)", "example.com/a.png", "/a/b", "\\alpha", "/",
        "1x://y", "-x://y", "é://x", "://x", "ssh:/\\x", "ssh:\\\\x", "C:\\\\a", "a:b://x", "// a comment", "//x y",
        "ssh://x and y", "a/b://c", "http\u{0}://x", "x:/ /y", "urn:x:y//z",
        "s3 bucket", "gs:", "a https://x", "\"https://example.com\"",
    ])
    func proseIsNot(text: String) {
        #expect(!RawURL.matches(text))
    }
}
