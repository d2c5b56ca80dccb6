import CloakroomDomain
import Hummingbird

/// The query of an API request, decoded as forms are, in which no name appears twice: `+` is a space.
struct QueryItems {
    private let items: [(name: String, value: String)]

    /// Reads a request's query; throws for parameters that are repeated, also where their names are written
    /// differently, and for those that are not percent-encoded UTF-8.
    init(_ request: Request) throws(APIError) {
        var errors: [APIError.FieldError] = []
        var items: [(name: String, value: String)] = []
        for item in (request.uri.query ?? "").utf8.split(separator: UInt8(ascii: "&")) {
            let parts = item.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            let name = PercentEncoding.decodeForm(parts[0])
            if let name, let value = PercentEncoding.decodeForm(parts.dropFirst().first ?? parts[0].prefix(0)) {
                items.append((name, value))
            } else {
                let field = name ?? String(decoding: parts[0], as: UTF8.self)
                errors.add(field.excerpt, "must be percent-encoded UTF-8 in the query")
            }
        }
        errors += Self.repeated(items.map(\.name)).map { name in
            .init(field: name.excerpt, reason: "must appear only once in the query")
        }
        guard errors.isEmpty else { throw .invalid(errors) }
        self.items = items
    }

    /// Returns the names that appear more than once, each once; they differ by their bytes.
    private static func repeated(_ names: [String]) -> [String] {
        var counts: [[UInt8]: Int] = [:]
        return names.filter { name in
            counts[Array(name.utf8), default: 0] += 1
            return counts[Array(name.utf8)] == 2
        }
    }

    /// The value of a name, `nil` where it does not appear.
    subscript(_ name: String) -> String? {
        self.items.first { $0.name.utf8.elementsEqual(name.utf8) }?.value
    }
}
