/// Reads JSON strings (RFC 8259 §7).
enum JSONStringLiteral {
    /// Returns what a string stands for; a surrogate without its other half becomes U+FFFD.
    ///
    /// - Parameter literal: The string with its quotation marks, well formed.
    /// - Returns: What it stands for.
    static func decode(_ literal: ArraySlice<UInt8>) -> String {
        let content = literal.dropFirst().dropLast()
        guard content.contains(UInt8(ascii: "\\")) else { return String(decoding: content, as: UTF8.self) }
        var units: [UInt16] = []
        var rest = content
        while let byte = rest.first {
            guard byte == UInt8(ascii: "\\") else {
                let end = rest.firstIndex(of: UInt8(ascii: "\\")) ?? rest.endIndex
                units.append(contentsOf: String(decoding: rest[..<end], as: UTF8.self).utf16)
                rest = rest[end...]
                continue
            }
            rest = rest.dropFirst()
            let escape = rest.popFirst()
            if escape == UInt8(ascii: "u") {
                units.append(Self.unit(rest.prefix(4)))
                rest = rest.dropFirst(4)
            } else {
                units.append(UInt16(Self.character(escape ?? 0)))
            }
        }
        return String(decoding: units, as: UTF16.self)
    }

    private static func unit(_ digits: ArraySlice<UInt8>) -> UInt16 {
        UInt16(String(decoding: digits, as: UTF8.self), radix: 16) ?? 0xFFFD
    }

    private static func character(_ escape: UInt8) -> UInt8 {
        switch escape {
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: escape
        }
    }
}
