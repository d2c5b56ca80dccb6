import CloakroomDomain

/// A field of a request that is an array of strings, each element checked by itself.
enum JSONStrings {
    /// The most strings that any field has.
    static let maximumCount = 1_000

    /// Returns the strings of an array; what is wrong, also with their number, is added to a list and gives `nil`.
    static func read(
        _ list: JSONValue?, _ field: String, _ counts: ClosedRange<Int>, _ errors: inout [APIError.FieldError]
    ) -> [String]? {
        let rule = "\(counts.lowerBound) to \(counts.upperBound) strings"
        guard let list else {
            errors.add(field, "is required; it must be an array of \(rule)")
            return nil
        }
        guard let (count, values) = list.elements(atMost: counts.upperBound) else {
            errors.add(field, "must be an array of \(rule); it is \(list.kind)")
            return nil
        }
        guard counts.contains(count) else {
            errors.add(field, "must have \(rule); it has \(count)")
            return nil
        }
        return values.enumerated().compactMap { index, value in
            if case .string(let text) = value { return text }
            errors.add("\(field)[\(index)]", "must be a string; it is \(value.kind)")
            return nil
        }
    }
}

extension JSONValue {
    /// What it is, for messages.
    var kind: String {
        switch self {
        case .null: "null"
        case .boolean(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .number(let text): text.excerpt
        case .string(let value): "\"\(value.excerpt)\""
        case .brokenString: "no Unicode text, because a surrogate in it has no other half"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

extension RequestDocument {
    /// The most members that are rejected by name.
    private static let maximumNamed = 16

    /// Adds to a list of errors the members that a request does not have.
    ///
    /// Where a request is not repeated lightly, a mistyped member must not be taken for one that was left out.
    func rejectMembers(otherThan allowed: [String], _ errors: inout [APIError.FieldError]) {
        let others = self.names.filter { name in !allowed.contains { $0.utf8.elementsEqual(name.utf8) } }
        for name in others.prefix(Self.maximumNamed) {
            // Longer ones resemble nothing, and would take long to compare.
            let nearest = name.utf8.count <= 64 ? Spelling.nearest(to: name, among: allowed) : nil
            let suggestion = nearest.map { "; did you mean \($0)?" } ?? ""
            errors.add(name.excerpt, "is not a field of this request, which has \(Self.list(allowed))\(suggestion)")
        }
        if others.count > Self.maximumNamed {
            errors.add("body", "must have no fields but \(Self.list(allowed)); it has \(others.count) others")
        }
    }

    private static func list(_ names: [String]) -> String {
        names.count == 1 ? "only \(names[0])" : names.joined(separator: " and ")
    }
}

extension StringProtocol {
    /// The beginning of what was received, for messages; by scalars, of which a character may have any number.
    var excerpt: String { String(String.UnicodeScalarView(self.unicodeScalars.prefix(64))) }
}

extension [APIError.FieldError] {
    mutating func add(_ field: String, _ reason: String) {
        self.append(.init(field: field, reason: reason))
    }
}
