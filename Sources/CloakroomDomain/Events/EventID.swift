import CloakroomCrypto

/// The id of an event: `evt_` and 32 hexadecimal digits.
///
/// It is derived from what it tells: an event that is written again, because a row is rebuilt from a pack after a crash, has the
/// same id. So consumers know what they have seen.
public struct EventID: Hashable, Sendable, CustomStringConvertible {
    private static let prefix = "evt_"
    private static let byteCount = 16

    /// The id.
    public let description: String

    /// Derives the id of an event of a file: what happens to one several times does so at different moments.
    package init(_ type: EventType, of file: FileID, at moment: Timestamp) {
        var text = Array("\(type.rawValue) \(moment.secondsSinceEpoch) ".utf8)
        text += file.bytes
        self.description = Self.prefix + SHA256.hash(text).hexadecimal.prefix(2 * Self.byteCount)
    }

    /// Reads an id; anything but `evt_` and 32 lower-case hexadecimal digits gives `nil`.
    package init?(_ text: String) {
        let digits = text.dropFirst(Self.prefix.count)
        guard text.hasPrefix(Self.prefix), digits.utf8.count == 2 * Self.byteCount,
            Hexadecimal.decode(digits.utf8) != nil, digits.lowercased() == digits
        else { return nil }
        self.description = text
    }
}
