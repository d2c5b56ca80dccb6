import CloakroomCrypto

/// A file reference: `file_` and a lower-case UUID (RFC 9562).
///
/// Those presigned here are version 7, whose leading bits are the time: neighbours in time are neighbours in the
/// catalogue's index, which keeps an insertion as cheap in a large catalogue as in a small one. Any UUID is read.
public struct FileID: Hashable, Comparable, Sendable, CustomStringConvertible {
    private let high: UInt64
    private let low: UInt64

    /// The number of bytes in the textual form.
    public static let textLength = 41
    private static let prefix = Array("file_".utf8)

    /// Creates an id from the UUID's 16 bytes in network order; any other number gives `nil`.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 16 else { return nil }
        var words: (UInt64, UInt64) = (0, 0)
        // Two words are 16 bytes without padding.
        withUnsafeMutableBytes(of: &words) { $0.copyBytes(from: bytes) }
        self.high = UInt64(bigEndian: words.0)
        self.low = UInt64(bigEndian: words.1)
    }

    /// Creates a version 7 UUID (RFC 9562 §5.7).
    ///
    /// - Parameters:
    ///   - milliseconds: Milliseconds since 1970-01-01T00:00:00Z, of which the low 48 bits count.
    ///   - sequence: Orders ids within a millisecond; the low 12 bits count.
    ///   - random: The rest; the low 62 bits count.
    public init(milliseconds: UInt64, sequence: UInt16, random: UInt64) {
        self.high = milliseconds << 16 | 0x7000 | UInt64(sequence & 0xFFF)
        self.low = 0x8000_0000_0000_0000 | (random & 0x3FFF_FFFF_FFFF_FFFF)
    }

    /// Reads exactly `file_` and 36 characters of lower-case UUID, in ASCII; anything else gives `nil`.
    public init?(_ text: some StringProtocol) {
        self.init(text: ArraySlice(text.utf8))
    }

    /// Reads ASCII bytes as ``init(_:)``.
    public init?(text: ArraySlice<UInt8>) {
        guard text.count == Self.textLength, text.hasPrefix("file_") else { return nil }
        let start = text.startIndex + Self.prefix.count
        var words: (UInt64, UInt64) = (0, 0)
        var digits = 0
        for offset in 0..<36 {
            let byte = text[start + offset]
            if offset == 8 || offset == 13 || offset == 18 || offset == 23 {
                guard byte == UInt8(ascii: "-") else { return nil }
                continue
            }
            guard let value = Hexadecimal.value(of: byte), !(UInt8(ascii: "A")...UInt8(ascii: "F") ~= byte) else {
                return nil
            }
            if digits < 16 { words.0 = words.0 << 4 | UInt64(value) } else { words.1 = words.1 << 4 | UInt64(value) }
            digits += 1
        }
        self.high = words.0
        self.low = words.1
    }

    /// The UUID's 16 bytes in network order.
    public var bytes: [UInt8] {
        withUnsafeBytes(of: (self.high.bigEndian, self.low.bigEndian)) { Array($0) }
    }

    /// The last byte: random in a version 7 UUID, so it spreads files evenly over directories.
    public var shard: UInt8 {
        UInt8(truncatingIfNeeded: self.low)
    }

    /// The 36 characters of the UUID, without `file_`.
    public var uuid: String {
        withUnsafeTemporaryAllocation(byteCount: Self.textLength, alignment: 1) { buffer in
            // All of the buffer is written.
            _ = self.writeText(into: buffer)
            return String(decoding: UnsafeRawBufferPointer(rebasing: buffer[Self.prefix.count...]), as: UTF8.self)
        }
    }

    /// The textual form, `file_f47ac10b-58cc-4372-a567-0e02b2c3d479`.
    public var description: String {
        String(unsafeUninitializedCapacity: Self.textLength) { self.writeText(into: UnsafeMutableRawBufferPointer($0)) }
    }

    /// Writes the textual form into a buffer with room for ``textLength`` bytes, and returns that.
    package func writeText(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        // `textLength` bytes are written: five of prefix, 32 digits, four hyphens.
        var position = 0
        for byte in Self.prefix {
            buffer[position] = byte
            position += 1
        }
        for digit in 0..<32 {
            if digit == 8 || digit == 12 || digit == 16 || digit == 20 {
                buffer[position] = UInt8(ascii: "-")
                position += 1
            }
            let word = digit < 16 ? self.high : self.low
            buffer[position] = Hexadecimal.digit(UInt8(truncatingIfNeeded: word >> UInt64(60 - 4 * (digit & 15))) & 0xF)
            position += 1
        }
        return position
    }

    /// Hashes all of it: ids of others may agree in one half.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(self.high)
        hasher.combine(self.low)
    }

    /// Orders as the bytes do, so version 7 ids in the order of their making.
    public static func < (left: Self, right: Self) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}
