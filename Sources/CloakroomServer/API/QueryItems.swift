import Foundation

/// The query of an API request, decoded as forms are: `+` is a space.
struct QueryItems {
    private let items: [(name: String, value: String)]

    /// Reads a query as received, without its question mark.
    init(_ query: String?) {
        self.items = (query ?? "").split(separator: "&").map { item in
            let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (Self.decode(parts[0]), parts.count > 1 ? Self.decode(parts[1]) : "")
        }
    }

    /// The first value of a name.
    subscript(_ name: String) -> String? {
        self.items.first { $0.name == name }?.value
    }

    private static func decode(_ text: Substring) -> String {
        text.replacing("+", with: " ").removingPercentEncoding ?? String(text)
    }
}
