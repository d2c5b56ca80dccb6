public import CloakroomCrypto

/// A bearer secret: `sk_`, 64 hexadecimal digits of 32 random bytes, and 8 of the CRC-32 of those 64 characters.
///
/// The checksum tells a mistyped key from an unknown one without a look-up. Only ``digest`` is ever stored.
public struct APIKey: Sendable {
    private static let prefix = "sk_"
    /// How many characters of the key a listing shows: enough to recognise it, too few to matter.
    private static let visibleLength = 11

    private let text: Secret<String>

    /// Creates a key; throws where there is no entropy.
    public static func generate() throws(RandomBytes.Unavailable) -> APIKey {
        let digits = Hexadecimal.encode(try RandomBytes.generate(count: 32))
        return APIKey(text: Secret(Self.prefix + digits + Self.checksum(of: digits)))
    }

    private init(text: Secret<String>) {
        self.text = text
    }

    /// Reads a whole key; a wrong form or checksum gives `nil`.
    public init?(_ text: some StringProtocol) {
        let body = text.dropFirst(Self.prefix.utf8.count)
        guard text.hasPrefix(Self.prefix), body.utf8.count == 72, body.utf8.allSatisfy(Self.isLowerCaseDigit),
            body.suffix(8) == Self.checksum(of: body.prefix(64))
        else { return nil }
        self.text = Secret(String(text))
    }

    /// The SHA-256 of the key, the only form in which it is stored.
    ///
    /// A plain digest is enough: the key has 256 random bits, so there is nothing to guess at.
    public var digest: SHA256Digest {
        SHA256.hash(Array(self.text.reveal().utf8))
    }

    /// The first characters, for recognising a key in a list.
    public var visiblePrefix: String {
        String(self.text.reveal().prefix(Self.visibleLength))
    }

    /// Returns the key itself, for the one time that it is shown.
    public func reveal() -> String {
        self.text.reveal()
    }

    private static func checksum(of digits: some StringProtocol) -> String {
        var check = CyclicRedundancyCheck(.crc32)
        let bytes = Array(digits.utf8)
        check.update(bytes.span.bytes)
        return Hexadecimal.encode(check.bytes)
    }

    private static func isLowerCaseDigit(_ byte: UInt8) -> Bool {
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || UInt8(ascii: "a")...UInt8(ascii: "f") ~= byte
    }
}
