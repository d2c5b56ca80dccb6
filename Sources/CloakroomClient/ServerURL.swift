import CloakroomDomain

/// The base URL of a service's API: `http://` or `https://`, a host and perhaps a port.
public struct ServerURL: Hashable, Sendable, CustomStringConvertible {
    /// The rule, for messages.
    public static let rule = "http:// or https://, a host, and optionally a port and a path, without query or user name"

    /// The URL without a slash at its end.
    public let description: String

    /// Reads a URL.
    ///
    /// - Parameter text: By the ``rule``; anything else gives `nil`.
    public init?(_ text: some StringProtocol) {
        let rest: Substring
        if text.hasPrefix("http://") {
            rest = Substring(text.dropFirst("http://".count))
        } else if text.hasPrefix("https://") {
            rest = Substring(text.dropFirst("https://".count))
        } else {
            return nil
        }
        let host = rest.prefix { $0 != "/" }
        let isPlain = rest.utf8.allSatisfy { (0x21...0x7E).contains($0) && !"?#@\"<>\\^`{|}".utf8.contains($0) }
        guard !host.isEmpty, host.first != ":", isPlain, Self.hasValidPort(host) else { return nil }
        self.description = String(text.hasSuffix("/") ? text.dropLast() : text[...])
    }

    private static func hasValidPort(_ authority: Substring) -> Bool {
        // A colon inside the brackets of an IPv6 address separates nothing.
        guard let colon = authority.lastIndex(of: ":"), !authority[colon...].contains("]") else { return true }
        let port = DecimalDigits.value(of: authority[authority.index(after: colon)...].utf8)
        return port.map { (1...65_535).contains($0) } ?? false
    }
}
