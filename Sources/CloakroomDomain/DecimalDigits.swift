/// Strict decimal numbers: ASCII digits and nothing else, no sign, no space, no overflow.
public enum DecimalDigits {
    /// Returns the number that digits stand for.
    ///
    /// - Parameter bytes: ASCII bytes; none, anything but digits, or a number past `Int.max` gives `nil`.
    /// - Returns: The number that digits stand for.
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
}
