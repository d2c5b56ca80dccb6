import Foundation

/// An execution's id: `exec_` and a lower-case UUID.
struct ExecutionID: Hashable, Sendable, CustomStringConvertible {
    private static let prefix = "exec_"

    let description: String

    /// Makes an id that nobody can guess.
    init() {
        self.description = Self.prefix + UUID().uuidString.lowercased()
    }

    /// Reads an id; anything but the prefix and a lower-case UUID gives `nil`.
    init?(_ text: String) {
        let uuid = String(text.dropFirst(Self.prefix.count))
        guard text.hasPrefix(Self.prefix), UUID(uuidString: uuid)?.uuidString.lowercased() == uuid else { return nil }
        self.description = text
    }
}
