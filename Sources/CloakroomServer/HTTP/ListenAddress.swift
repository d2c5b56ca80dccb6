import CloakroomDomain

/// Where a listener listens: a host and a port.
public struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
    /// The rule, for messages.
    public static let rule = "<host>:<port>, with an IPv6 address in brackets and a port from 0 to 65535"

    /// A name or address, an IPv6 address without brackets.
    public let host: String
    /// The port; 0 takes a free one.
    public let port: Int

    /// Reads an address.
    ///
    /// - Parameter text: By the ``rule``; anything else gives `nil`.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"),
            let port = DecimalDigits.value(of: text[text.index(after: colon)...].utf8),
            (0...65_535).contains(port)
        else {
            return nil
        }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            guard host.contains(":") else { return nil }
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty, !host.contains(where: \.isWhitespace) else { return nil }
        self.host = String(host)
        self.port = port
    }

    /// The address as it is written.
    public var description: String {
        self.host.contains(":") ? "[\(self.host)]:\(self.port)" : "\(self.host):\(self.port)"
    }
}
