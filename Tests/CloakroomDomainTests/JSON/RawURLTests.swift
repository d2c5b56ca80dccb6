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
    ])
    func urlsAreRecognised(text: String) {
        #expect(RawURL.matches(text))
    }

    @Test(arguments: [
        "", " ", "https", "https:", "http: a protocol", "See https://example.com/a.png",
        "https://example.com is a page",
        "https://example.com/\u{A0}x", "data: the new oil, they say", "data:", "datacenter:,", "file: attached",
        "files:x",
        "mailto:a@b.test", "ws://example.com", "javascript:alert(1)", "//example.com/a.png", "example.com/a.png",
        "s3 bucket", "gs:", "a https://x", "\"https://example.com\"",
    ])
    func proseIsNot(text: String) {
        #expect(!RawURL.matches(text))
    }
}
