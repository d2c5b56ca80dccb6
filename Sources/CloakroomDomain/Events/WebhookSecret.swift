public import CloakroomCrypto

/// The key with which the deliveries to one webhook endpoint are signed: `whsec_`, and the Base64 of 24 to 64 bytes
/// (Standard Webhooks 1.0.0, "Signature scheme").
public struct WebhookSecret: Sendable, CustomStringConvertible, CustomReflectable {
    /// The rule, for messages.
    public static let rule = "whsec_ and the Base64 of 24 to 64 bytes, with padding"

    private static let prefix = "whsec_"
    private static let lengths = 24...64
    /// The length of a generated secret, in bytes: that of an HMAC-SHA-256 tag.
    private static let generatedLength = 32

    private let text: Secret<String>
    /// Signs and verifies; as secret as the key.
    let authenticator: HMACSHA256

    /// Creates a secret of 32 random bytes; throws where there is no entropy.
    public static func generate() throws(RandomBytes.Unavailable) -> WebhookSecret {
        WebhookSecret(key: try RandomBytes.generate(count: Self.generatedLength))
    }

    /// Reads a secret by the ``rule``; anything else gives `nil`.
    public init?(_ text: some StringProtocol) {
        guard text.hasPrefix(Self.prefix), let key = Base64.decode(text.dropFirst(Self.prefix.count)),
            Self.lengths.contains(key.count)
        else { return nil }
        self.init(key: key)
    }

    private init(key: [UInt8]) {
        self.text = Secret(Self.prefix + Base64.encode(key))
        self.authenticator = HMACSHA256(key: key)
    }

    /// Returns the secret itself, for the one time that it is shown, and for storage.
    public func reveal() -> String {
        self.text.reveal()
    }

    /// `<redacted>`.
    public var description: String { "<redacted>" }

    /// A mirror without children.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
