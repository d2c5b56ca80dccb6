public import CloakroomCrypto

/// The id of an API key, which is no secret: `key_` and 16 hexadecimal digits.
public struct APIKeyID: Hashable, Sendable, CustomStringConvertible {
    private static let prefix = "key_"
    private let text: String

    /// Creates a new id; throws where there is no entropy.
    public static func generate() throws(RandomBytes.Unavailable) -> APIKeyID {
        APIKeyID(text: Self.prefix + Hexadecimal.encode(try RandomBytes.generate(count: 8)))
    }

    private init(text: String) {
        self.text = text
    }

    /// Reads `key_` and 16 lower-case hexadecimal digits; anything else gives `nil`.
    public init?(_ text: some StringProtocol) {
        let digits = text.dropFirst(Self.prefix.count)
        guard text.hasPrefix(Self.prefix), digits.utf8.count == 16, Hexadecimal.decode(digits.utf8) != nil,
            digits.lowercased() == digits
        else { return nil }
        self.text = String(text)
    }

    /// The id.
    public var description: String { self.text }
}
