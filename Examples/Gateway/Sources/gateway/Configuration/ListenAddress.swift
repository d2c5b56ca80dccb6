import CloakroomDomain

/// Where the gateway listens: a host and a port.
struct ListenAddress: Hashable, Sendable {
    let host: String
    /// 0 takes a free one.
    let port: Int

    /// Reads `<host>:<port>`; anything else gives `nil`.
    init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"),
            let port = DecimalDigits.value(of: text[text.index(after: colon)...].utf8), (0...65_535).contains(port),
            colon != text.startIndex
        else { return nil }
        self.host = String(text[..<colon])
        self.port = port
    }
}
