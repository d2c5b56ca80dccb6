/// Base 64 with padding (RFC 4648 §4), and its URL-safe form without (§5).
public enum Base64 {
    /// The alphabets.
    public enum Alphabet: Sendable {
        /// `+` and `/`, padded with `=`, as in HTTP's checksum fields.
        case standard
        /// `-` and `_`, unpadded, as in cursors.
        case urlSafe

        fileprivate var characters: [UInt8] {
            let common = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
            return Array((common + (self == .standard ? "+/" : "-_")).utf8)
        }
    }

    /// Returns the characters that stand for bytes.
    public static func encode(_ bytes: [UInt8], alphabet: Alphabet = .standard) -> String {
        let characters = alphabet.characters
        var output: [UInt8] = []
        var start = 0
        while start < bytes.count {
            let count = min(3, bytes.count - start)
            let group = (0..<3).reduce(UInt32(0)) { $0 << 8 | ($1 < count ? UInt32(bytes[start + $1]) : 0) }
            for index in 0..<4 where index <= count {
                output.append(characters[Int(group >> (18 - 6 * UInt32(index))) & 0x3F])
            }
            if alphabet == .standard { output.append(contentsOf: repeatElement(UInt8(ascii: "="), count: 3 - count)) }
            start += 3
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// Returns the bytes that characters stand for, which are padded if the alphabet pads; `nil` where they are not the
    /// one canonical form of some bytes.
    public static func decode(_ text: some StringProtocol, alphabet: Alphabet = .standard) -> [UInt8]? {
        let characters = alphabet.characters
        var output: [UInt8] = []
        var group: UInt32 = 0
        var bits = 0
        for byte in text.utf8 where byte != UInt8(ascii: "=") {
            guard let value = characters.firstIndex(of: byte) else { return nil }
            group = (group << 6 | UInt32(value)) & 0xFF_FFFF
            bits += 6
            if bits >= 8 {
                bits -= 8
                output.append(UInt8(truncatingIfNeeded: group >> UInt32(bits)))
            }
        }
        guard self.encode(output, alphabet: alphabet) == text else { return nil }
        return output
    }
}
