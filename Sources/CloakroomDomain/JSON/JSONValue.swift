/// A value in a JSON text, for fields that are checked one by one.
///
/// Arrays and objects are not descended into: a hostile body may nest them, or have elements by the hundred thousand.
package enum JSONValue: Hashable, Sendable {
    /// Null, which is not the same as a missing member.
    case null
    case boolean(Bool)
    /// A whole number as ``DecimalDigits/wholeNumber(of:)`` reads it, perhaps with a fraction of zeros: `73` and `73.0`.
    case integer(Int64)
    /// Any other number, as it is written: `-1`, `1.5`, `1e3`, and what is too large.
    case number(String)
    case string(String)
    /// A string that stands for no text, since it has a surrogate without its other half (RFC 8259 §8.2).
    case brokenString
    /// The array's text.
    case array(ArraySlice<UInt8>)
    /// The object's text.
    case object(ArraySlice<UInt8>)

    /// Reads a value's text, which is well formed and has no white space around it.
    init(_ text: ArraySlice<UInt8>) {
        switch text.first {
        case UInt8(ascii: "{"): self = .object(text)
        case UInt8(ascii: "["): self = .array(text)
        case UInt8(ascii: "\""): self = JSONStringLiteral.text(text).map { .string($0) } ?? .brokenString
        case UInt8(ascii: "t"): self = .boolean(true)
        case UInt8(ascii: "f"): self = .boolean(false)
        case UInt8(ascii: "n"): self = .null
        default:
            self = Self.wholeNumber(text).map { .integer($0) } ?? .number(String(decoding: text, as: UTF8.self))
        }
    }

    /// Clients whose only numbers are floating-point write `73.0`, which is an `integer` of JSON Schema too.
    private static func wholeNumber(_ text: ArraySlice<UInt8>) -> Int64? {
        let digits = text.prefix { $0 != UInt8(ascii: ".") }
        guard text.dropFirst(digits.count + 1).allSatisfy({ $0 == UInt8(ascii: "0") }) else { return nil }
        return DecimalDigits.wholeNumber(of: digits)
    }

    /// Returns the number of an array's elements, and the first of them; `nil` for another value.
    package func elements(atMost maximumCount: Int) -> (count: Int, values: [JSONValue])? {
        guard case .array(let text) = self else { return nil }
        var scanner = JSONScanner(text, maximumDepth: RequestDocument.maximumDepth)
        guard let found = try? scanner.elements(atMost: maximumCount) else { return nil }
        return (found.count, found.ranges.map { JSONValue(text[$0]) })
    }

    /// Returns the members of an object, whose names differ; `nil` where it is another value.
    package func members() -> [(name: String, value: JSONValue)]? {
        guard case .object(let text) = self else { return nil }
        return RequestDocument.members(of: text)?.map { ($0.name, JSONValue($0.text)) }
    }
}
