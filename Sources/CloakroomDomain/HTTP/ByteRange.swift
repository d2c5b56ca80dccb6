/// The part of a representation that a `Range` field selects (RFC 9110 §14).
public enum ByteRange: Hashable, Sendable, CustomStringConvertible {
    /// The whole: no `Range`, or one that is to be ignored (another unit, several ranges, a malformed one).
    case whole
    /// A part, by the offsets of its first byte and of the byte after its last.
    case part(Range<Int64>)
    /// A range that lies outside.
    case unsatisfiable

    /// `whole`, `unsatisfiable`, or the offsets of the first and the last byte: `bytes 0-3`.
    public var description: String {
        switch self {
        case .whole: "whole"
        case .part(let range): "bytes \(range.lowerBound)-\(range.upperBound - 1)"
        case .unsatisfiable: "unsatisfiable"
        }
    }

    /// Reads a `Range` field.
    ///
    /// A server may ignore any `Range` (RFC 9110 §14.2); this one ignores what it does not implement, like S3.
    ///
    /// - Parameters:
    ///   - field: The field's value, `nil` without one.
    ///   - size: The whole representation's length in bytes.
    public init(field: String?, size: ByteCount) {
        guard let field, field.lowercased().hasPrefix("bytes="), !field.contains(",") else {
            self = .whole
            return
        }
        let specification = field.dropFirst("bytes=".count).drop { $0 == " " }
        guard let dash = specification.firstIndex(of: "-") else {
            self = .whole
            return
        }
        let first = specification[..<dash]
        var last = specification[specification.index(after: dash)...]
        while last.last == " " || last.last == "\t" { last.removeLast() }
        if first.isEmpty {
            self = Self.suffix(last, size: size.bytes)
        } else {
            self = Self.between(first, last, size: size.bytes)
        }
    }

    private static func suffix(_ digits: Substring, size: Int64) -> ByteRange {
        guard Self.isDigits(digits) else { return .whole }
        let length = DecimalDigits.value(of: digits.utf8).map(Int64.init) ?? .max
        guard length > 0, size > 0 else { return .unsatisfiable }
        return .part(max(0, size - length)..<size)
    }

    private static func between(_ first: Substring, _ last: Substring, size: Int64) -> ByteRange {
        guard Self.isDigits(first), last.isEmpty || Self.isDigits(last) else { return .whole }
        let start = DecimalDigits.value(of: first.utf8).map(Int64.init) ?? .max
        let end = last.isEmpty ? Int64.max - 1 : DecimalDigits.value(of: last.utf8).map(Int64.init) ?? Int64.max - 1
        // An int-range whose last-pos is less than its first-pos is invalid (RFC 9110 §14.1.1).
        guard last.isEmpty || !Self.isLess(last, first) else { return .whole }
        guard start < size else { return .unsatisfiable }
        return .part(start..<(end >= size ? size : end + 1))
    }

    /// Compares numbers of any length by their digits.
    private static func isLess(_ left: Substring, _ right: Substring) -> Bool {
        let (left, right) = (left.utf8.drop { $0 == UInt8(ascii: "0") }, right.utf8.drop { $0 == UInt8(ascii: "0") })
        return left.count == right.count ? left.lexicographicallyPrecedes(right) : left.count < right.count
    }

    private static func isDigits(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
    }
}
