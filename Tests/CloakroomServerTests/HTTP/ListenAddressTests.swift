import CloakroomServer
import Testing

/// Addresses of listeners, by their rule.
struct ListenAddressTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let text: String
        let host: String
        let port: Int

        init(_ text: String, _ host: String, _ port: Int) {
            self.text = text
            self.host = host
            self.port = port
        }

        var testDescription: String { self.text }
    }

    static let accepted: [Case] = [
        Case("127.0.0.1:8080", "127.0.0.1", 8_080),
        Case("0.0.0.0:0", "0.0.0.0", 0),
        Case("localhost:65535", "localhost", 65_535),
        Case("storage.internal:1", "storage.internal", 1),
        Case("[::1]:8080", "::1", 8_080),
        Case("[::]:80", "::", 80),
        Case("[fe80::1%eth0]:80", "fe80::1%eth0", 80),
        Case("[::ffff:192.0.2.1]:80", "::ffff:192.0.2.1", 80),
        Case("xn--bcher-kva.example:80", "xn--bcher-kva.example", 80),
        Case("storage_1:80", "storage_1", 80),
    ]

    @Test(arguments: Self.accepted)
    func addressIsReadAndWritten(_ example: Case) throws {
        let address = try #require(ListenAddress(example.text))
        #expect(address.host == example.host)
        #expect(address.port == example.port)
        #expect(address.description == example.text)
    }

    @Test(arguments: [
        "", ":", "80", "localhost", "localhost:", "localhost:http", "localhost:65536", "localhost:-1",
        "localhost:+80", "localhost: 80", "localhost:80 ", "localhost:8_0", "localhost:0x50", "localhost:80/", "::1",
        "::1:80", "[::1]", "[::1]80", "[::1:80", "::1]:80", "[]:80", "http://localhost:80", "localhost:\u{FF18}0",
        // Spellings that a resolver may read as an address, or as none.
        "0:80", "127.1:80", "0x7f.1:80", "300.0.0.1:80", "1.2.3.4.5:80", "*:80", "a..b:80", "[fe80::1%]:80",
        "[127.0.0.1]:80", "[:::]:80", "[::zz]:80", "user@host:80", "host/path:80",
        "\(String(repeating: "a", count: 64)):80",
    ])
    func anythingElseIsRefused(text: String) {
        let address = ListenAddress(text)
        #expect(address == nil)
    }

    /// As Go's `net.Listen` reads it.
    @Test func portAloneIsOnAllInterfaces() throws {
        let address = try #require(ListenAddress(":8080"))
        #expect(address.description == "[::]:8080")
        #expect(address.isWildcard)
        #expect(ListenAddress(":0", anyHost: "0.0.0.0")?.description == "0.0.0.0:0")
    }

    @Test(arguments: [
        ("0.0.0.0:1", true, false), ("[::]:1", true, false), ("[0:0::0]:1", true, false),
        ("127.0.0.1:1", false, true), ("127.8.9.10:1", false, true), ("[::1]:1", false, true),
        ("[0::0:1]:1", false, true), ("localhost:1", false, true),
        ("192.0.2.1:1", false, false), ("[2001:db8::1]:1", false, false), ("storage.internal:1", false, false),
    ])
    func hostIsWildcardOrLoopback(text: String, isWildcard: Bool, isLoopback: Bool) throws {
        let address = try #require(ListenAddress(text))
        #expect(address.isWildcard == isWildcard)
        #expect(address.isLoopback == isLoopback)
    }
}
