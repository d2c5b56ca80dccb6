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
    ]

    @Test(arguments: Self.accepted)
    func addressIsReadAndWritten(_ example: Case) throws {
        let address = try #require(ListenAddress(example.text))
        #expect(address.host == example.host)
        #expect(address.port == example.port)
        #expect(address.description == example.text)
    }

    @Test(arguments: [
        "", ":", ":80", "80", "localhost", "localhost:", "localhost:http", "localhost:65536", "localhost:-1",
        "localhost:+80", "localhost: 80", "localhost:80 ", "localhost:8_0", "localhost:0x50", "localhost:80/", "::1",
        "::1:80", "[::1]", "[::1]80", "[::1:80", "::1]:80", "[]:80", "http://localhost:80", "localhost:\u{FF18}0",
    ])
    func anythingElseIsRefused(text: String) {
        let address = ListenAddress(text)
        #expect(address == nil)
    }
}
