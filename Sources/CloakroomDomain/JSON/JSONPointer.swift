/// A place in a JSON document (RFC 6901), in its string representation: `/images/0`, empty for the document itself.
public struct JSONPointer: Hashable, Sendable, CustomStringConvertible {
    /// The document itself.
    public static let root = JSONPointer(unchecked: "")

    /// The pointer, `~` as `~0` and `/` as `~1` (RFC 6901 §3).
    public let description: String

    /// Whether two pointers are the same by their code points (RFC 6901 §4), not by Unicode's equivalence.
    public static func == (left: Self, right: Self) -> Bool {
        left.description.utf8.elementsEqual(right.description.utf8)
    }

    /// Hashes the code points.
    public func hash(into hasher: inout Hasher) {
        var text = self.description
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }

    private init(unchecked text: String) {
        self.description = text
    }

    /// Reads a pointer by RFC 6901 §3; anything else gives `nil`.
    public init?(_ text: String) {
        guard text.isEmpty || text.utf8.first == UInt8(ascii: "/") else { return nil }
        for part in text.utf8.split(separator: UInt8(ascii: "~"), omittingEmptySubsequences: false).dropFirst() {
            guard part.first == UInt8(ascii: "0") || part.first == UInt8(ascii: "1") else { return nil }
        }
        self.init(unchecked: text)
    }

    /// Joins the names and indices on the way to a value.
    init(_ tokens: some Sequence<String>) {
        self.init(unchecked: tokens.map { "/" + Self.escaped($0) }.joined())
    }

    /// The place that holds this one, `nil` for the document itself.
    public var parent: JSONPointer? {
        self.description.utf8.lastIndex(of: UInt8(ascii: "/")).map {
            JSONPointer(unchecked: String(self.description[..<$0]))
        }
    }

    /// How many names and indices are on the way to the value.
    var depth: Int { self.description.utf8.count { $0 == UInt8(ascii: "/") } }

    /// The names and indices on the way to the value.
    package var tokens: [String] {
        self.description.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).dropFirst().map {
            String(decoding: Self.unescaped($0), as: UTF8.self)
        }
    }

    /// `~1` is a slash and `~0` a tilde (RFC 6901 §4).
    private static func unescaped(_ token: Substring.UTF8View) -> [UInt8] {
        var unescaped: [UInt8] = []
        var isEscape = false
        for byte in token {
            if isEscape {
                unescaped.append(UInt8(ascii: byte == UInt8(ascii: "1") ? "/" : "~"))
                isEscape = false
            } else if byte == UInt8(ascii: "~") {
                isEscape = true
            } else {
                unescaped.append(byte)
            }
        }
        return unescaped
    }

    private static func escaped(_ token: String) -> String {
        guard token.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else { return token }
        // By bytes: a slash with an accent is one character, and a slash still.
        var escaped: [UInt8] = []
        for byte in token.utf8 {
            switch byte {
            case UInt8(ascii: "~"): escaped += Array("~0".utf8)
            case UInt8(ascii: "/"): escaped += Array("~1".utf8)
            default: escaped.append(byte)
            }
        }
        return String(decoding: escaped, as: UTF8.self)
    }
}
