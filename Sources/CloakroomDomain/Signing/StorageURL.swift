/// A public base URL: scheme, host and port, and nothing else.
public struct StorageURL: Hashable, Sendable, CustomStringConvertible {
    /// The rule, for messages.
    public static let rule = "http:// or https://, a host and optionally a port, without path or query"

    /// `http` or `https`.
    public let scheme: String
    /// The host in lower case, with its port unless that is the scheme's default: SigV4's canonical `host`.
    public let host: String
    /// The bytes of ``host``.
    let hostBytes: [UInt8]

    /// Reads a base URL by the ``rule``, with or without a final `/`; anything else gives `nil`.
    public init?(_ text: some StringProtocol) {
        let lower = text.lowercased()
        guard let scheme = ["http", "https"].first(where: { lower.hasPrefix($0 + "://") }) else { return nil }
        var authority = String(lower.dropFirst(scheme.count + 3))
        if authority.hasSuffix("/") { authority.removeLast() }
        guard !authority.isEmpty, authority.utf8.allSatisfy(Self.isAuthorityByte) else { return nil }
        let (name, port) = Self.split(authority)
        guard Self.isHost(name) else { return nil }
        let defaultPort = scheme == "http" ? 80 : 443
        if let port {
            guard let number = DecimalDigits.value(of: port.utf8), (1...65_535).contains(number) else { return nil }
            self.host = number == defaultPort ? name : "\(name):\(number)"
        } else {
            self.host = name
        }
        self.scheme = scheme
        self.hostBytes = Array(self.host.utf8)
    }

    /// The URL without a final `/`.
    public var description: String { "\(self.scheme)://\(self.host)" }

    /// A name or IPv4 address, or an IPv6 address in brackets.
    private static func isHost(_ name: String) -> Bool {
        if name.hasPrefix("["), name.hasSuffix("]") {
            let address = name.dropFirst().dropLast()
            return address.contains(":") && address.allSatisfy { $0.isHexDigit || $0 == ":" || $0 == "." }
        }
        // A dot at the end names the root (RFC 1034 §3.1); no other label is empty.
        let labels = (name.hasSuffix(".") ? name.dropLast() : name[...])
            .split(separator: ".", omittingEmptySubsequences: false)
        return labels.allSatisfy { (1...63).contains($0.count) }
            && !name.contains { $0 == ":" || $0 == "[" || $0 == "]" }
    }

    /// Splits off a port; a colon inside the brackets of an IPv6 address separates nothing.
    private static func split(_ authority: String) -> (name: String, port: String?) {
        guard let colon = authority.lastIndex(of: ":"), !authority[colon...].contains("]") else {
            return (authority, nil)
        }
        return (String(authority[..<colon]), String(authority[authority.index(after: colon)...]))
    }

    private static func isAuthorityByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
            UInt8(ascii: "."), UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "_"):
            true
        default:
            false
        }
    }
}
