import CloakroomDomain

extension KeyedDecodingContainer {
    /// Returns a member's value, `nil` only where the member is missing: null is a value.
    func value<Value: Decodable>(_ type: Value.Type, _ key: Key) throws -> Value? {
        self.contains(key) ? try self.decode(type, forKey: key) : nil
    }
}

/// Arrays of strings among the fields, each element checked by itself.
enum JSONStrings {
    /// Returns the strings of an array; what is wrong is added to a list.
    ///
    /// - Parameters:
    ///   - list: The field's value.
    ///   - field: The field's name.
    ///   - counts: How many strings there may be.
    ///   - errors: What is wrong.
    /// - Returns: The strings, `nil` where the field is none such.
    static func read(
        _ list: JSONList?, _ field: String, _ counts: ClosedRange<Int>, _ errors: inout [APIError.FieldError]
    ) -> [String]? {
        let rule = "\(counts.lowerBound) to \(counts.upperBound) strings"
        switch list {
        case .none: errors.append(.init(field: field, reason: "is required; it must be an array of \(rule)"))
        case .other(let value):
            errors.append(.init(field: field, reason: "must be an array of \(rule); it is \(value.kind)"))
        case .tooMany(let count):
            errors.append(.init(field: field, reason: "must have \(rule); it has \(count)"))
        case .values(let values) where !counts.contains(values.count):
            errors.append(.init(field: field, reason: "must have \(rule); it has \(values.count)"))
        case .values(let values):
            return values.enumerated().compactMap { index, value in
                if case .string(let text) = value { return text }
                errors.append(.init(field: "\(field)[\(index)]", reason: "must be a string; it is \(value.kind)"))
                return nil
            }
        }
        return nil
    }
}

extension StringProtocol {
    /// The beginning of what was received, for messages; by scalars, of which a character may have any number.
    var excerpt: String { String(String.UnicodeScalarView(self.unicodeScalars.prefix(64))) }
}
