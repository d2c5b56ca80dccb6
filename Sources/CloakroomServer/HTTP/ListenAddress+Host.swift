import CloakroomDomain
import Glibc

extension ListenAddress {
    /// The host that stands for all interfaces: `::`, which takes IPv4 too, or `0.0.0.0` on a system without IPv6.
    package static var anyHost: String {
        guard let address = ListenAddress(":0"), let socket = try? BoundSocket.bind(address) else { return "0.0.0.0" }
        close(socket.release())
        return address.host
    }

    /// Whether the host stands for all interfaces, and so is no address that a client could use.
    package var isWildcard: Bool {
        let bytes = Self.bytes(of: self.host, AF_INET) ?? Self.bytes(of: self.host, AF_INET6)
        return bytes?.allSatisfy { $0 == 0 } ?? false
    }

    /// Whether only this machine reaches the listener.
    package var isLoopback: Bool {
        if let bytes = Self.bytes(of: self.host, AF_INET) { return bytes.first == 127 }
        if let bytes = Self.bytes(of: self.host, AF_INET6) { return bytes == Array(repeating: 0, count: 15) + [1] }
        return self.host.lowercased() == "localhost"
    }

    static func isIPv4(_ text: String) -> Bool {
        self.bytes(of: text, AF_INET) != nil
    }

    /// Whether a text is an IPv6 address, perhaps with a zone: `fe80::1%eth0` (RFC 4007 §11).
    static func isIPv6(_ text: String) -> Bool {
        let parts = text.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
        let isZone = parts.dropFirst().allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy(self.isNameByte) }
        return isZone && self.bytes(of: String(parts.first ?? ""), AF_INET6) != nil
    }

    /// Whether a text is a host name: letters, digits, hyphens and underscores between dots, and not all digits in the
    /// last label, where `127.1` or `0` would be read as an address of another spelling (RFC 1123 §2.1).
    static func isName(_ text: String) -> Bool {
        guard text.utf8.count <= 253 else { return false }
        let labels = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard labels.allSatisfy({ (1...63).contains($0.count) && $0.allSatisfy(self.isNameByte) }) else { return false }
        // All ones stand for what is no address; the address of that value has been recognized before.
        return inet_addr(text) == .max
            && labels.last.map { !$0.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains) } ?? false
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        HTTPCharacter.isAlphanumeric(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
    }

    private static func bytes(of text: String, _ family: Int32) -> [UInt8]? {
        // `inet_pton` writes 4 or 16 bytes, by the family.
        var bytes = [UInt8](repeating: 0, count: family == AF_INET ? 4 : 16)
        return inet_pton(family, text, &bytes) == 1 ? bytes : nil
    }
}
