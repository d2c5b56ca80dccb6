/// The character classes and lists that HTTP's fields share (RFC 9110 §5).
///
/// Public, though its members are not: the compiler does not inline those of a package type in other modules, and the
/// head parser calls them for each byte.
public enum HTTPCharacter {
    /// Whether a byte is `tchar` (RFC 9110 §5.6.2): a letter, a digit or one of ``!#$%&'*+-.^_`|~``.
    @inlinable
    package static func isToken(_ byte: UInt8) -> Bool {
        self.isMember(byte, 0x03FF_6CFA_0000_0000, 0x57FF_FFFF_C7FF_FFFE)
    }

    /// Whether a byte may be in a field value: HTAB, SP, VCHAR or obs-text (RFC 9110 §5.5).
    @inlinable
    package static func isFieldValue(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != 0x7F || byte == 0x09
    }

    /// Whether a byte is SP or HTAB, of which optional white space is made (RFC 9110 §5.6.3).
    @inlinable
    package static func isWhitespace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    /// Whether a byte is an ASCII letter or digit.
    @inlinable
    package static func isAlphanumeric(_ byte: UInt8) -> Bool {
        self.isMember(byte, 0x03FF_0000_0000_0000, 0x07FF_FFFE_07FF_FFFE)
    }

    /// Whether a byte may be in a host name: unreserved, a sub-delim or `%` (RFC 3986 §3.2.2).
    private static func isRegisteredName(_ byte: UInt8) -> Bool {
        self.isMember(byte, 0x2BFF_7FF2_0000_0000, 0x47FF_FFFE_87FF_FFFE)
    }

    /// Whether the bit of an ASCII byte is set, in a word for 0 to 63 and one for 64 to 127.
    @inlinable
    @inline(__always)
    package static func isMember(_ byte: UInt8, _ low: UInt64, _ high: UInt64) -> Bool {
        let bits = byte < 64 ? low : byte < 128 ? high : 0
        return bits >> UInt64(byte & 63) & 1 == 1
    }

    /// Whether a value is `uri-host [ ":" port ]` (RFC 9110 §7.2); it may be empty.
    package static func isHost(_ value: ArraySlice<UInt8>) -> Bool {
        var rest = value
        if rest.first == UInt8(ascii: "[") {
            guard let end = rest.firstIndex(of: UInt8(ascii: "]")),
                rest[(rest.startIndex + 1)..<end].allSatisfy({ $0 == UInt8(ascii: ":") || self.isRegisteredName($0) })
            else { return false }
            rest = rest[(end + 1)...]
        } else {
            rest = rest.drop(while: self.isRegisteredName)
        }
        guard rest.first == UInt8(ascii: ":") else { return rest.isEmpty }
        return rest.dropFirst().allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
    }

    // MARK: Lists

    /// Returns a value without the white space at its ends.
    package static func trimmed(_ value: ArraySlice<UInt8>) -> ArraySlice<UInt8> { self.trim(value) }

    /// The same of any bytes; other modules would call it unspecialised.
    static func trim<Bytes: BidirectionalCollection<UInt8>>(_ value: Bytes) -> Bytes.SubSequence {
        let rest = value.drop(while: self.isWhitespace)
        guard let last = rest.lastIndex(where: { !self.isWhitespace($0) }) else { return value[value.endIndex...] }
        return value[rest.startIndex...last]
    }

    /// Whether a comma-separated list contains a token, whatever its case.
    package static func list(_ list: ArraySlice<UInt8>, contains token: StaticString) -> Bool {
        list.split(separator: UInt8(ascii: ",")).contains { self.trimmed($0).isEqualIgnoringCase(to: token) }
    }

    /// Whether a comma-separated list contains nothing but a token, whatever its case.
    ///
    /// Empty elements are ignored (RFC 9110 §5.6.1).
    package static func list(_ list: ArraySlice<UInt8>, containsOnly token: StaticString) -> Bool {
        list.split(separator: UInt8(ascii: ",")).allSatisfy {
            let item = self.trimmed($0)
            return item.isEmpty || item.isEqualIgnoringCase(to: token)
        }
    }

    /// Returns the tokens of a list in lower case; commas and white space separate them.
    package static func tokens(of list: String) -> [String] {
        list.utf8.split { $0 == UInt8(ascii: ",") || self.isWhitespace($0) }
            .map { String(decoding: $0, as: UTF8.self).lowercased() }
    }
}
