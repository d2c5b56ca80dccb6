/// Reads JSON strings (RFC 8259 §7).
enum JSONStringLiteral {
    /// Returns what a well-formed string with its quotation marks stands for; `nil` where it has a surrogate without
    /// its other half and so stands for no text.
    static func text(_ literal: ArraySlice<UInt8>) -> String? {
        let content = literal.dropFirst().dropLast()
        guard content.contains(UInt8(ascii: "\\")) else { return String(decoding: content, as: UTF8.self) }
        return String(validating: self.units(content), as: UTF16.self)
    }

    /// Returns what a string stands for; a surrogate without its other half becomes U+FFFD.
    static func decode(_ literal: ArraySlice<UInt8>) -> String {
        let content = literal.dropFirst().dropLast()
        guard content.contains(UInt8(ascii: "\\")) else { return String(decoding: content, as: UTF8.self) }
        return String(decoding: self.units(content), as: UTF16.self)
    }

    /// Returns bytes that are the same for two strings if they stand for the same code units: UTF-8, or 0xFF and UTF-16
    /// where a surrogate is without its other half.
    static func codeUnits(_ literal: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let content = literal.dropFirst().dropLast()
        guard content.contains(UInt8(ascii: "\\")) else { return content }
        let units = self.units(content)
        if let text = String(validating: units, as: UTF16.self) { return Array(text.utf8)[...] }
        return [0xFF] + units.flatMap { [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] }
    }

    private static func units(_ content: ArraySlice<UInt8>) -> [UInt16] {
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
        return units
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
