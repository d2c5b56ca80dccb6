import NIOCore
import Testing

@testable import CloakroomServer

/// Which addresses count as one client's.
struct ClientAddressTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let first: String
        let second: String
        let isSame: Bool

        init(_ first: String, _ second: String, _ isSame: Bool) {
            self.first = first
            self.second = second
            self.isSame = isSame
        }

        var testDescription: String { "\(self.first) and \(self.second)" }
    }

    /// From the blocks for documentation (RFC 5737, RFC 3849).
    static let pairs: [Case] = [
        Case("192.0.2.1", "192.0.2.1", true),
        Case("192.0.2.1", "192.0.2.2", false),
        Case("192.0.2.1", "198.51.100.1", false),
        Case("0.0.0.0", "255.255.255.255", false),
        // IPv4-mapped (RFC 4291 §2.5.5.2): the client is the same, whichever listener it reaches.
        Case("::ffff:192.0.2.1", "192.0.2.1", true),
        Case("::ffff:192.0.2.1", "::ffff:192.0.2.2", false),
        Case("::ffff:0.0.0.0", "0.0.0.0", true),
        // Others that hold the same 32 bits are not.
        Case("::192.0.2.1", "192.0.2.1", false),
        Case("::ffff:0:192.0.2.1", "192.0.2.1", false),
        Case("::1:ffff:192.0.2.1", "192.0.2.1", false),
        Case("64:ff9b::192.0.2.1", "192.0.2.1", false),
        Case("2001:db8::ffff:192.0.2.1", "192.0.2.1", false),
        Case("::", "0.0.0.0", false),
        // A /64.
        Case("2001:db8::1", "2001:db8::1", true),
        Case("2001:db8::", "2001:db8::ffff:ffff:ffff:ffff", true),
        Case("2001:db8:0:1::1", "2001:db8:0:2::1", false),
        Case("2001:db8:0:1:ffff:ffff:ffff:ffff", "2001:db8:0:2::", false),
        Case("2001:db8::1", "2001:db9::1", false),
        Case("2001:db8::1", "::1", false),
    ]

    private static func address(_ text: String, port: Int = 1) throws -> ClientAddress {
        let socket = try SocketAddress(ipAddress: text, port: port)
        return try #require(ClientAddress(socket))
    }

    @Test(arguments: Self.pairs)
    func addressesAreOneClientsOrNot(_ example: Case) throws {
        let (first, second) = (try Self.address(example.first), try Self.address(example.second))
        #expect((first == second) == example.isSame)
    }

    @Test
    func addressIsReadInNetworkOrder() throws {
        let four = try Self.address("192.0.2.1")
        let six = try Self.address("2001:db8:1:2:3:4:5:6")
        #expect(four == .v4(0xC000_0201))
        #expect(six == .v6Network(0x2001_0DB8_0001_0002))
    }

    @Test
    func portDoesNotCount() throws {
        let (first, second) = (try Self.address("192.0.2.1", port: 1), try Self.address("192.0.2.1", port: 65_535))
        #expect(first == second)
    }

    @Test
    func socketWithoutAnIPAddressHasNone() throws {
        let address = ClientAddress(try SocketAddress(unixDomainSocketPath: "socket"))
        #expect(address == nil)
    }
}
