import Foundation

/// A JSON text as Foundation reads it, and what of it can be told without a grammar.
struct PlainJSON {
    /// A string, nowhere a member's name, and the pointer to it.
    struct Text: Hashable {
        let pointer: String
        let text: String
    }

    private let bytes: [UInt8]
    /// What Foundation makes of the text, `nil` where it refuses it.
    let value: Any?
    /// How deep brackets are nested, those in strings apart.
    private(set) var nesting = 0
    /// How many names are followed by a colon.
    private var nameCount = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        self.value = try? JSONSerialization.jsonObject(with: Data(bytes), options: [.fragmentsAllowed])
        var depth = 0
        var isString = false
        var isEscaped = false
        for byte in bytes {
            switch byte {
            case _ where isEscaped: isEscaped = false
            case UInt8(ascii: "\\"): isEscaped = isString
            case UInt8(ascii: "\""): isString.toggle()
            case _ where isString: continue
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                depth += 1
                self.nesting = max(self.nesting, depth)
            case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
            case UInt8(ascii: ":"): self.nameCount += 1
            default: continue
            }
        }
    }

    // MARK: Where the grammars part

    /// Whether a string may begin with U+FEFF, which Foundation drops there.
    private var holdsMark: Bool { self.bytes.text.unicodeScalars.contains("\u{FEFF}") }

    /// Whether Foundation may refuse it though it is JSON, or read something else: it knows no surrogate without its
    /// other half, no number that a `Double` cannot hold, and no U+FEFF at the start of a string.
    var isBeyondFoundation: Bool {
        let text = self.bytes.text.lowercased()
        let hasSurrogate = text.components(separatedBy: "\\u").dropFirst().contains { escape in
            escape.first == "d" && "89abcdef".contains(escape.dropFirst().first ?? " ")
        }
        let digits = text.split { !("0"..."9").contains($0) }
        let hasExponent = text.split(separator: "e", omittingEmptySubsequences: false).dropFirst().contains { rest in
            let exponent = rest.drop { $0 == "+" || $0 == "-" }.prefix(3)
            return exponent.count == 3 && exponent.allSatisfy { ("0"..."9").contains($0) }
        }
        return self.holdsMark || hasSurrogate || hasExponent || digits.contains { $0.count >= 200 }
    }

    /// Whether Foundation may accept it though it is no JSON: it reads UTF-16, UTF-32 and any number of byte order marks,
    /// and bears with a comma before a closing bracket.
    ///
    /// - Parameter offset: The first byte that cannot stand there.
    /// - Returns: Whether it is one of these.
    func isBeyondJSON(at offset: Int) -> Bool {
        if self.bytes.contains(0) || self.bytes.starts(with: [0xEF, 0xBB, 0xBF, 0xEF, 0xBB, 0xBF]) { return true }
        let isBracket = offset < self.bytes.count && "]}".utf8.contains(self.bytes[offset])
        return isBracket && self.bytes[..<offset].last { !" \t\r\n".utf8.contains($0) } == UInt8(ascii: ",")
    }

    // MARK: What is in it

    /// Whether Foundation left no member out: of those with one name, it keeps one.
    var hasUniqueNames: Bool { !self.holdsMark && self.value.map { Self.memberCount($0) } == self.nameCount }

    private static func memberCount(_ value: Any) -> Int {
        if let object = value as? [String: Any] {
            return object.values.reduce(object.count) { $0 + self.memberCount($1) }
        }
        return (value as? [Any] ?? []).reduce(0) { $0 + self.memberCount($1) }
    }

    private var object: [String: Any]? { self.holdsMark ? nil : self.value as? [String: Any] }

    /// The names of the outermost object, `nil` where the text is another value, or Foundation reads it differently.
    var names: Set<String>? { self.object.map { Set($0.keys) } }

    /// The strings beneath a member of the outermost object.
    func texts(beneath name: String) -> [Text] {
        self.object?[name].map { Self.texts($0, at: "") } ?? []
    }

    private static func texts(_ value: Any, at pointer: String) -> [Text] {
        if let text = value as? String { return [Text(pointer: pointer, text: text)] }
        if let object = value as? [String: Any] {
            let members = object.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            return members.flatMap { self.texts($0.value, at: "\(pointer)/\(self.escaped($0.key))") }
        }
        return (value as? [Any] ?? []).enumerated().flatMap { self.texts($0.element, at: "\(pointer)/\($0.offset)") }
    }

    /// RFC 6901 §3.
    private static func escaped(_ name: String) -> String {
        name.unicodeScalars.map { $0 == "~" ? "~0" : $0 == "/" ? "~1" : "\($0)" }.joined()
    }
}
