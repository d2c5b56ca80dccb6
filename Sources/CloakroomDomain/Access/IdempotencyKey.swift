/// A client's name for one request, by which its repetitions are recognised
/// (draft-ietf-httpapi-idempotency-key-header).
public struct IdempotencyKey: Hashable, Sendable, CustomStringConvertible {
    /// The rule, for messages.
    public static let rule = "1 to 255 printable ASCII characters"
    /// For how long repetitions are recognised, in seconds.
    public static let lifetimeSeconds: Int64 = 86_400

    /// The key.
    public let text: String

    /// Reads a key by the ``rule``; anything else gives `nil`.
    public init?(_ text: String) {
        guard (1...255).contains(text.utf8.count), text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            return nil
        }
        self.text = text
    }

    /// The key.
    public var description: String { self.text }
}
