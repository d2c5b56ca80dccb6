import CloakroomDomain
import Testing

/// Public base URLs, and the canonical `host` that they give.
struct StorageURLTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let text: String
        let scheme: String
        let host: String

        init(_ text: String, _ scheme: String, _ host: String) {
            self.text = text
            self.scheme = scheme
            self.host = host
        }

        var testDescription: String { self.text }
    }

    static let accepted: [Case] = [
        Case("http://127.0.0.1:8081", "http", "127.0.0.1:8081"),
        Case("http://127.0.0.1:8081/", "http", "127.0.0.1:8081"),
        Case("https://storage.example.com", "https", "storage.example.com"),
        Case("HTTPS://Storage.Example.COM/", "https", "storage.example.com"),
        // The scheme's default port is left out (RFC 9110 §4.2, and what signers do); another scheme's is kept.
        Case("http://storage.example.com:80", "http", "storage.example.com"),
        Case("https://storage.example.com:443", "https", "storage.example.com"),
        Case("https://storage.example.com:80", "https", "storage.example.com:80"),
        Case("http://storage.example.com:443", "http", "storage.example.com:443"),
        Case("http://[::1]", "http", "[::1]"),
        Case("http://[::1]:8081", "http", "[::1]:8081"),
        Case("http://[2001:DB8::1]:80", "http", "[2001:db8::1]"),
        Case("https://storage.example.com.", "https", "storage.example.com."),
        Case("http://storage_1:65535", "http", "storage_1:65535"),
    ]

    @Test(arguments: Self.accepted)
    func hostIsCanonical(_ example: Case) throws {
        let url = try #require(StorageURL(example.text))
        #expect(url.scheme == example.scheme)
        #expect(url.host == example.host)
        #expect(url.description == "\(example.scheme)://\(example.host)")
    }

    @Test(arguments: [
        "", "http://", "http:///", "storage.example.com", "//storage.example.com", "ftp://storage.example.com",
        "http:storage.example.com", "http://storage.example.com/path", "http://storage.example.com//",
        "http://storage.example.com?a=b", "http://storage.example.com/?a", "http://storage.example.com#a",
        "http://user@storage.example.com", "http://storage.example.com:", "http://storage.example.com:0",
        "http://storage.example.com:65536", "http://storage.example.com:http", "http://storage.example.com:-1",
        "http://:8081", "http://storage example.com", "http://storage.example.com\r\n", "http://störage.example.com",
        "http://.", "http://.example.com", "http://storage..example.com", "http://[::storage]", "http://[::1",
        "http://\(String(repeating: "a", count: 64)).example.com",
    ])
    func anythingElseIsRefused(text: String) {
        let url = StorageURL(text)
        #expect(url == nil)
    }
}
