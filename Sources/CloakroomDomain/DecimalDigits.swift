/// Strict decimal numbers: ASCII digits and nothing else, no sign, no space, no overflow.
public enum DecimalDigits {
    /// Returns the number that digits in ASCII stand for; none, anything but digits, or a number past `Int.max` gives
    /// `nil`.
    @inlinable
    public static func value(of bytes: some Collection<UInt8>) -> Int? {
        guard !bytes.isEmpty else { return nil }
        var value = 0
        for byte in bytes {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(Int(byte - UInt8(ascii: "0")))
            guard !overflow, !carry else { return nil }
            value = sum
        }
        return value
    }

    /// Returns the number that a field of a request has, by the one rule of all of them: decimal digits alone.
    package static func wholeNumber(of bytes: some Collection<UInt8>) -> Int64? {
        // No sign, no exponent (readers do not agree whether `1e3` is a whole number) and no zero before other digits.
        guard bytes.count == 1 || bytes.first != UInt8(ascii: "0") else { return nil }
        return self.value(of: bytes).map(Int64.init)
    }
}
