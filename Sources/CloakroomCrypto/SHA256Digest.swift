/// The 32 bytes of a SHA-256 digest or an HMAC-SHA-256 tag.
public struct SHA256Digest: Hashable, Sendable, CustomStringConvertible {
    private var words: (UInt64, UInt64, UInt64, UInt64)

    /// Creates a digest by filling its 32 bytes.
    init(filling body: (UnsafeMutableRawBufferPointer) -> Void) {
        self.words = (0, 0, 0, 0)
        // The buffer covers the four words, 32 bytes without padding, for the time of the call.
        withUnsafeMutableBytes(of: &self.words, body)
    }

    /// Creates a digest from its 32 bytes; any other number gives `nil`.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 32 else { return nil }
        self.init { $0.copyBytes(from: bytes) }
    }

    /// Creates a digest from 64 hexadecimal digits, in either case; anything else gives `nil`.
    public init?(hexadecimal: some StringProtocol) {
        guard let bytes = Hexadecimal.decode(hexadecimal.utf8) else { return nil }
        self.init(bytes: bytes)
    }

    /// Creates a digest from 64 lower-case hexadecimal digits in ASCII; anything else gives `nil`.
    public init?(lowerCaseHexadecimal digits: ArraySlice<UInt8>) {
        guard digits.count == 64 else { return nil }
        var isValid = true
        self.init { buffer in
            digits.withUnsafeBufferPointer { digits in
                // 64 digits, as was just checked, fill the buffer's 32 bytes.
                for offset in 0..<32 {
                    let (high, low) = (digits[2 * offset], digits[2 * offset + 1])
                    guard let first = Hexadecimal.value(of: high), let second = Hexadecimal.value(of: low),
                        !(UInt8(ascii: "A")...UInt8(ascii: "F") ~= high),
                        !(UInt8(ascii: "A")...UInt8(ascii: "F") ~= low)
                    else {
                        isValid = false
                        return
                    }
                    buffer[offset] = first << 4 | second
                }
            }
        }
        guard isValid else { return nil }
    }

    /// Appends the form in which it is written: 64 lower-case hexadecimal digits in ASCII.
    public func appendHexadecimal(to output: inout [UInt8]) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 64) { digits in
            self.withBytes { bytes in
                // 32 bytes make 64 digits, the capacity asked for.
                for offset in 0..<32 {
                    let byte = bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
                    digits[2 * offset] = Hexadecimal.digit(byte >> 4)
                    digits[2 * offset + 1] = Hexadecimal.digit(byte & 0xF)
                }
            }
            output.append(contentsOf: digits)
        }
    }

    /// The 32 bytes.
    public var bytes: [UInt8] {
        self.withBytes { span in
            (0..<span.byteCount).map { span.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
        }
    }

    /// 64 lower-case hexadecimal digits.
    public var hexadecimal: String {
        self.withBytes { Hexadecimal.encode($0) }
    }

    /// ``hexadecimal``.
    public var description: String { self.hexadecimal }

    /// Calls a closure with the 32 bytes, which are valid during the call only, and returns what it returns.
    public func withBytes<Result: ~Copyable>(_ body: (RawSpan) -> Result) -> Result {
        withUnsafeBytes(of: self.words) { body($0.bytes) }
    }

    /// Compares without regard to secrecy: for digests that both sides know.
    public static func == (left: Self, right: Self) -> Bool {
        left.words == right.words
    }

    /// Feeds the digest to a hasher.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(self.words.0)
        hasher.combine(self.words.1)
        hasher.combine(self.words.2)
        hasher.combine(self.words.3)
    }

    /// Compares with a digest that a client claims, in a time that does not depend on where the two differ.
    public func isEqualInConstantTime(to other: SHA256Digest) -> Bool {
        ((self.words.0 ^ other.words.0) | (self.words.1 ^ other.words.1)
            | (self.words.2 ^ other.words.2) | (self.words.3 ^ other.words.3)) == 0
    }
}
