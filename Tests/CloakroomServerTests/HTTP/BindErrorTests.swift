import NIOCore
import Testing

import Glibc

@testable import CloakroomServer

/// What is said of a listener that cannot listen.
struct BindErrorTests {
    struct Case: Sendable {
        let address: String
        let code: Int32
        let text: String
    }

    @Test(arguments: [
        Case(address: "127.0.0.1:80", code: EADDRINUSE, text: "api-address 127.0.0.1:80 is already in use"),
        Case(address: "[::1]:80", code: EADDRINUSE, text: "api-address [::1]:80 is already in use"),
        Case(
            address: "192.0.2.1:80", code: EADDRNOTAVAIL,
            text: "api-address 192.0.2.1:80 is not an address of this machine"),
        Case(address: "[::1]:80", code: EAFNOSUPPORT, text: "api-address [::1]:80: this machine does not support IPv6"),
        Case(address: "a:80", code: ENOBUFS, text: "api-address a:80: No buffer space available"),
    ])
    func keyAndAddressAreNamed(_ expected: Case) throws {
        let address = try #require(ListenAddress(expected.address))
        #expect(BindError("api-address", address, code: expected.code).description == expected.text)
        let error = IOError(errnoCode: expected.code, reason: "bind")
        #expect(BindError("api-address", address, error).description == expected.text)
    }
}
