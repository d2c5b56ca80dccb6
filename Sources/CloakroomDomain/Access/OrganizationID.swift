/// The tenant that owns files: `[a-z0-9][a-z0-9_-]{0,63}`.
public struct OrganizationID: Hashable, Sendable, CustomStringConvertible {
    /// The rule, for messages.
    public static let rule = "1 to 64 characters from a-z, 0-9, _ and -, starting with a letter or digit"
    /// The organization of the first key.
    public static let `default` = OrganizationID(unchecked: "default")

    private let text: String

    private init(unchecked text: String) {
        self.text = text
    }

    /// Reads an id by the ``rule``; anything else gives `nil`.
    public init?(_ text: some StringProtocol) {
        let text = String(text)
        guard (1...64).contains(text.utf8.count), let first = text.utf8.first, Self.isAlphanumeric(first),
            text.utf8.allSatisfy({
                Self.isAlphanumeric($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-")
            })
        else { return nil }
        self.text = text
    }

    /// The id.
    public var description: String { self.text }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
    }
}
