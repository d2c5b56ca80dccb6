/// Binary search in the text of the table. Nothing is read or built at the start, and a look-up allocates nothing.
extension MediaTypeTable {
    /// The codes in a line of the table: three bytes each, a space before each.
    struct Codes {
        /// The marks that are no positions.
        enum Mark: UInt8 {
            /// `***`: goes with everything.
            case any = 0x2A
            /// `+++`: the name before a compressor's extension counts as well.
            case inner = 0x2B
        }

        private let table: StaticString
        private let positions: StrideTo<Int>

        fileprivate init(_ table: StaticString, _ range: Range<Int>) {
            self.table = table
            self.positions = stride(from: range.lowerBound + 1, to: range.upperBound, by: 4)
        }

        func contain(_ mark: Mark) -> Bool {
            self.table.withUTF8Buffer { buffer in
                let bytes = buffer.span
                return self.positions.contains { bytes[$0] == mark.rawValue }
            }
        }

        /// Whether one of the codes of a type is among those behind the first of an extension, which is its usual type.
        func allow(_ kinds: Codes) -> Bool {
            self.table.withUTF8Buffer { buffer in
                let bytes = buffer.span
                return kinds.table.withUTF8Buffer { other in
                    let kindBytes = other.span
                    return self.positions.dropFirst().contains { position in
                        kinds.positions.contains { kind in
                            bytes[position] == kindBytes[kind] && bytes[position + 1] == kindBytes[kind + 1]
                                && bytes[position + 2] == kindBytes[kind + 2]
                        }
                    }
                }
            }
        }

        /// The name in the line of ``MediaTypeTable/types`` that the first code points to.
        var usualName: String {
            let position = self.table.withUTF8Buffer { buffer in
                let bytes = buffer.span
                let start = self.positions.first { _ in true } ?? 0
                return (start..<start + 3).reduce(0) { ($0 << 6) | Self.value(bytes[$1]) }
            }
            return MediaTypeTable.types.withUTF8Buffer { buffer in
                String(decoding: buffer.dropFirst(position).prefix { $0 != UInt8(ascii: " ") }, as: UTF8.self)
            }
        }

        /// A digit of base64url (RFC 4648 §5).
        private static func value(_ digit: UInt8) -> Int {
            switch digit {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): Int(digit - UInt8(ascii: "A"))
            case UInt8(ascii: "a")...UInt8(ascii: "z"): Int(digit - UInt8(ascii: "a")) + 26
            case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(digit - UInt8(ascii: "0")) + 52
            case UInt8(ascii: "-"): 62
            default: 63
            }
        }
    }

    /// Returns the codes behind an extension or an essence, in ASCII of either case; `nil` where the table does not
    /// know it.
    static func codes(of name: Span<UInt8>, in table: StaticString) -> Codes? {
        table.withUTF8Buffer { buffer in
            let bytes = buffer.span
            var (low, high) = (0, bytes.count)
            while low < high {
                var start = (low + high) / 2
                while start > low, bytes[start - 1] != UInt8(ascii: "\n") { start -= 1 }
                let (order, end) = self.compare(name, with: bytes, at: start)
                switch order {
                case 0: return Codes(table, end..<self.endOfLine(in: bytes, from: end))
                case ..<0: high = start
                default: low = self.endOfLine(in: bytes, from: end) + 1
                }
            }
            return nil
        }
    }

    /// Compares a name with the one at the start of a line: negative, zero or positive, and where they part.
    private static func compare(
        _ name: Span<UInt8>, with bytes: Span<UInt8>, at start: Int
    ) -> (order: Int, end: Int) {
        var index = start
        for position in name.indices {
            let byte = name[position]
            let lower = UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte ? byte | 0x20 : byte
            // A name's end, a space, precedes every other byte of a name. One in what is looked for is no end.
            guard lower == bytes[index], lower != UInt8(ascii: " ") else {
                return (lower < bytes[index] ? -1 : 1, index)
            }
            index += 1
        }
        return (bytes[index] == UInt8(ascii: " ") ? 0 : -1, index)
    }

    private static func endOfLine(in bytes: Span<UInt8>, from index: Int) -> Int {
        var index = index
        while index < bytes.count, bytes[index] != UInt8(ascii: "\n") { index += 1 }
        return index
    }
}
