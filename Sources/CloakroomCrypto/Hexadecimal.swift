/// Base 16 (RFC 4648 §8): lower case when written, either case when read.
public enum Hexadecimal {
    /// Returns two lower-case digits for each byte.
    public static func encode(_ bytes: RawSpan) -> String {
        String(unsafeUninitializedCapacity: bytes.byteCount * 2) { buffer in
            // The capacity asked for above holds the two digits of every byte.
            for offset in 0..<bytes.byteCount {
                let byte = bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
                buffer[offset * 2] = self.digit(byte >> 4)
                buffer[offset * 2 + 1] = self.digit(byte & 0xF)
            }
            return bytes.byteCount * 2
        }
    }

    /// Returns two lower-case digits for each byte.
    public static func encode(_ bytes: [UInt8]) -> String {
        self.encode(bytes.span.bytes)
    }

    /// Returns the bytes that digits in ASCII stand for, or `nil` where they are of odd number or not all digits.
    public static func decode(_ digits: some Collection<UInt8>) -> [UInt8]? {
        guard digits.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count / 2)
        var high: UInt8?
        for digit in digits {
            guard let value = self.value(of: digit) else { return nil }
            if let first = high {
                bytes.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return bytes
    }

    /// Returns the lower-case digit of a value below 16.
    @inlinable
    package static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? value + UInt8(ascii: "0") : value - 10 + UInt8(ascii: "a")
    }

    /// Returns the value of one digit in ASCII, or `nil` for any other byte.
    @inlinable
    public static func value(of digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
