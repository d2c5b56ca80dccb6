/// An amount of money in thousandths, never negative and never a binary fraction.
struct Amount: Hashable, Comparable, Sendable, CustomStringConvertible {
    static let zero = Amount(thousandths: 0)

    let thousandths: Int64

    private init(thousandths: Int64) {
        self.thousandths = thousandths
    }

    /// Reads a decimal number: 1 to 9 digits, and up to 3 more after a full stop; anything else gives `nil`.
    init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first, (1...9).contains(whole.count) else { return nil }
        let fraction = parts.count == 2 ? Array(parts[1]) : [UInt8(ascii: "0")]
        guard (1...3).contains(fraction.count) else { return nil }
        let padding = [UInt8](repeating: UInt8(ascii: "0"), count: 3 - fraction.count)
        var value: Int64 = 0
        for byte in Array(whole) + fraction + padding {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            value = value * 10 + Int64(byte - UInt8(ascii: "0"))
        }
        self.thousandths = value
    }

    /// Returns the amount times a factor, rounded up to the next thousandth.
    ///
    /// - Parameter factor: At most 10: an amount that was read times that is far below what fits.
    /// - Returns: The product.
    func scaled(by factor: Amount) -> Amount {
        Amount(thousandths: (self.thousandths * factor.thousandths + 999) / 1_000)
    }

    static func + (left: Self, right: Self) -> Amount {
        Amount(thousandths: left.thousandths + right.thousandths)
    }

    /// Subtracts, and stops at nothing.
    static func - (left: Self, right: Self) -> Amount {
        Amount(thousandths: max(0, left.thousandths - right.thousandths))
    }

    static func < (left: Self, right: Self) -> Bool {
        left.thousandths < right.thousandths
    }

    /// Always with three decimals: `0.040`.
    var description: String {
        let fraction = String(self.thousandths % 1_000)
        return "\(self.thousandths / 1_000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
    }
}
