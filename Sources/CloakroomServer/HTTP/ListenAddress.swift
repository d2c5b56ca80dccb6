import CloakroomDomain

/// Where a listener listens: a host and a port.
package struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
    /// The rule, for messages.
    package static let rule = """
        <host>:<port>, or :<port> for all interfaces, with an IPv6 address in brackets and a port from 0 to 65535
        """

    /// A name or address, an IPv6 address without brackets.
    package let host: String
    /// The port; 0 takes a free one.
    package let port: Int

    /// Reads an address by the ``rule``; one that is a port only gets `anyHost`.
    package init?(_ text: String, anyHost: String = "::") {
        guard let colon = text.lastIndex(of: ":"),
            let port = DecimalDigits.value(of: text[text.index(after: colon)...].utf8),
            (0...65_535).contains(port), let host = Self.host(text[..<colon], anyHost: anyHost)
        else {
            return nil
        }
        self.host = host
        self.port = port
    }

    private static func host(_ text: Substring, anyHost: String) -> String? {
        if text.isEmpty { return anyHost }
        if text.hasPrefix("["), text.hasSuffix("]") {
            let address = String(text.dropFirst().dropLast())
            return self.isIPv6(address) ? address : nil
        }
        let name = String(text)
        return self.isIPv4(name) || self.isName(name) ? name : nil
    }

    /// The address as it is written, in full.
    package var description: String {
        self.host.contains(":") ? "[\(self.host)]:\(self.port)" : "\(self.host):\(self.port)"
    }
}
