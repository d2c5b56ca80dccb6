/// What a member's name stands for: equal to another if both have the same code units (RFC 8259 §8.3).
///
/// `"size_bytes"` and `"size\u005fbytes"` are one name; `é` as one and as two code points are two.
struct JSONName: Hashable, Sendable {
    /// UTF-8; or 0xFF, which UTF-8 never has, and the UTF-16 of a name with an unpaired surrogate.
    private let bytes: ArraySlice<UInt8>

    /// Reads a name's literal, with its quotation marks, which is well formed.
    init(_ literal: ArraySlice<UInt8>) {
        self.bytes = JSONStringLiteral.codeUnits(literal)
    }

    /// Takes a text for a name.
    init(text: String) {
        self.bytes = Array(text.utf8)[...]
    }

    static func == (left: Self, right: Self) -> Bool {
        left.bytes == right.bytes
    }

    func hash(into hasher: inout Hasher) {
        self.bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
    }
}
