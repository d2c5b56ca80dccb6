import CloakroomDomain

/// A `Range` field, against RFC 9110 §14 restated on decimal digits of any number.
enum ByteRangeCheck {
    static func run(_ bytes: [UInt8]) throws(Violation) {
        let lines = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 1, omittingEmptySubsequences: false)
        guard lines.count == 2, let number = Int64(String(decoding: lines[0], as: UTF8.self)),
            let size = ByteCount(number)
        else { return }
        let field = String(decoding: lines[1], as: UTF8.self)
        let range = ByteRange(field: field, size: size)
        try Violation.unless(
            range == self.expected(Array(field.utf8), size: number), "a range is that of RFC 9110 §14",
            "\(field) of \(number): \(range)")
        guard case .part(let part) = range else { return }
        try Violation.unless(
            part.lowerBound >= 0 && part.lowerBound < part.upperBound && part.upperBound <= number,
            "a part lies within the whole, and has a byte", "\(field) of \(number): \(part)")
    }

    private static func expected(_ field: [UInt8], size: Int64) -> ByteRange {
        let unit = field.prefix(6).map { UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0 ? $0 + 32 : $0 }
        // Other units, and several ranges, are ignored.
        guard unit == Array("bytes=".utf8), !field.contains(UInt8(ascii: ",")) else { return .whole }
        // White space around a range is borne with.
        let (space, tab) = (UInt8(ascii: " "), UInt8(ascii: "\t"))
        var specification = field.dropFirst(6).drop { $0 == space }
        while specification.last == space || specification.last == tab { specification.removeLast() }
        let parts = specification.split(
            separator: UInt8(ascii: "-"), maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !(parts[0].isEmpty && parts[1].isEmpty) else { return .whole }
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard parts.joined().allSatisfy({ digits.contains($0) }) else { return .whole }
        let (first, last) = (Decimal(parts[0]), Decimal(parts[1]))
        let length = Decimal(String(size).utf8)
        if parts[0].isEmpty {
            guard last > Decimal("0".utf8), size > 0 else { return .unsatisfiable }
            return .part((last < length ? size - last.value : 0)..<size)
        }
        // An int-range whose last position is less than its first is invalid, and ignored (§14.1.1).
        if !parts[1].isEmpty, last < first { return .whole }
        guard first < length else { return .unsatisfiable }
        let isOpen = parts[1].isEmpty || !(last < length)
        return .part(first.value..<(isOpen ? size : last.value + 1))
    }

    /// A number of any length, by its digits.
    private struct Decimal: Comparable {
        private let digits: [UInt8]

        init(_ digits: some Sequence<UInt8>) {
            self.digits = Array(digits.drop { $0 == UInt8(ascii: "0") })
        }

        /// The number, of those that are less than a size.
        var value: Int64 { Int64(String(decoding: self.digits, as: UTF8.self)) ?? 0 }

        static func < (left: Self, right: Self) -> Bool {
            left.digits.count == right.digits.count
                ? left.digits.lexicographicallyPrecedes(right.digits) : left.digits.count < right.digits.count
        }
    }
}
