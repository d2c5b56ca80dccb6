import CloakroomDomain

/// The character classes of HTTP's grammar (RFC 9110 §5).
enum HTTPCharacter {
    private static let tokens: [Bool] = {
        var table = [Bool](repeating: false, count: 256)
        for scalar in "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8 {
            table[Int(scalar)] = true
        }
        return table
    }()

    /// Whether a byte is `tchar`.
    @inline(__always)
    static func isToken(_ byte: UInt8) -> Bool {
        self.tokens[Int(byte)]
    }

    /// Whether a byte is HTAB, SP, VCHAR or obs-text.
    @inline(__always)
    static func isFieldValue(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != 0x7F || byte == 0x09
    }

    private static let registeredNames: [Bool] = {
        var table = [Bool](repeating: false, count: 256)
        let alphanumerics = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
        for scalar in (alphanumerics + "-._~%!$&'()*+,;=").utf8 { table[Int(scalar)] = true }
        return table
    }()

    /// Whether a value is `uri-host [ ":" port ]` (RFC 9110 §7.2); it may be empty.
    ///
    /// A name is of unreserved characters, sub-delims and `%` (RFC 3986 §3.2.2).
    static func isHost(_ value: ArraySlice<UInt8>) -> Bool {
        var rest = value
        if rest.first == UInt8(ascii: "[") {
            guard let end = rest.firstIndex(of: UInt8(ascii: "]")),
                rest[(rest.startIndex + 1)..<end].allSatisfy({
                    $0 == UInt8(ascii: ":") || self.registeredNames[Int($0)]
                })
            else { return false }
            rest = rest[(end + 1)...]
        } else {
            rest = rest.drop { self.registeredNames[Int($0)] }
        }
        guard rest.first == UInt8(ascii: ":") else { return rest.isEmpty }
        return rest.dropFirst().allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
    }

    /// Whether a comma-separated list holds a token, without regard to case.
    static func list(_ list: ArraySlice<UInt8>, contains token: StaticString) -> Bool {
        list.split(separator: UInt8(ascii: ",")).contains { self.trimmed($0).isEqualIgnoringCase(to: token) }
    }

    /// Whether a comma-separated list holds nothing but a token, without regard to case.
    ///
    /// Empty elements count for nothing (RFC 9110 §5.6.1).
    static func list(_ list: ArraySlice<UInt8>, holdsOnly token: StaticString) -> Bool {
        list.split(separator: UInt8(ascii: ",")).allSatisfy {
            let item = self.trimmed($0)
            return item.isEmpty || item.isEqualIgnoringCase(to: token)
        }
    }

    /// Leaves out white space at the ends.
    static func trimmed(_ value: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let start = value.drop { $0 == 0x20 || $0 == 0x09 }
        let end = start.lastIndex { $0 != 0x20 && $0 != 0x09 } ?? start.startIndex - 1
        return start[start.startIndex..<(end + 1)]
    }
}

extension ArraySlice<UInt8> {
    /// Whether an ASCII literal stands somewhere within these bytes.
    func contains(_ literal: StaticString) -> Bool {
        self.indices.contains { self[$0...].hasPrefix(literal) }
    }

    /// Whether these bytes are those of a lower-case ASCII literal, without regard to case.
    func isEqualIgnoringCase(to literal: StaticString) -> Bool {
        guard self.count == literal.utf8CodeUnitCount else { return false }
        // A literal's UTF-8 is `utf8CodeUnitCount` bytes of static storage.
        let other = UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount)
        return self.elementsEqual(other) { byte, expected in
            (UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte ? byte | 0x20 : byte) == expected
        }
    }
}
