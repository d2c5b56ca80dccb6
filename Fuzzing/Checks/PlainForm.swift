/// A form's body cut at its delimiters, as a whole, apart from the code that it is held against (RFC 2046 §5.1.1).
struct PlainForm {
    struct Section {
        /// The header fields, with the empty line after them.
        let head: ArraySlice<UInt8>
        let content: ArraySlice<UInt8>
    }

    let sections: [Section]

    /// Gives `nil` where the body has no closing delimiter, or a delimiter's line has something else.
    init?(_ body: [UInt8], boundary: String) {
        // The line end before the first delimiter is the body's beginning.
        let lineEnd = Array("\r\n".utf8)
        let bytes = lineEnd + body
        let pattern = lineEnd + Array("--\(boundary)".utf8)
        var sections: [Section] = []
        var start: Int?
        var position = 0
        while position + pattern.count <= bytes.count {
            let end = position + pattern.count
            guard bytes[position..<end].elementsEqual(pattern) else {
                position += 1
                continue
            }
            let rest = bytes[end...]
            let padding = rest.prefix { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
            let isClose = rest.starts(with: Array("--".utf8))
            let isDelimiter =
                isClose || !padding.isEmpty || rest.first == UInt8(ascii: "\n") || rest.starts(with: lineEnd)
            guard isDelimiter else {
                position += 1
                continue
            }
            if let start {
                guard let section = Self.section(bytes[start..<position]) else { return nil }
                sections.append(section)
            }
            if isClose {
                self.sections = sections
                return
            }
            guard padding.count <= 64, rest.dropFirst(padding.count).starts(with: lineEnd) else { return nil }
            // The line end may be the one before the next delimiter, but for the header fields, which it ends.
            let headStart = end + padding.count + 2
            guard let headEnd = Self.headEnd(in: bytes, from: headStart) else { return nil }
            start = headStart
            position = headEnd - 2
        }
        return nil
    }

    /// Where the empty line after header fields ends.
    private static func headEnd(in bytes: [UInt8], from start: Int) -> Int? {
        let empty = Array("\r\n\r\n".utf8)
        // The delimiter's own line end comes before the first field.
        return (start - 2..<bytes.count).first { bytes[$0...].starts(with: empty) }.map { $0 + 4 }
    }

    /// Cuts head from content, which shares the empty line with the delimiter where there is none.
    private static func section(_ bytes: ArraySlice<UInt8>) -> Section? {
        let fields = Array(bytes)
        guard let end = Self.headEnd(in: Array("\r\n".utf8) + fields + Array("\r\n".utf8), from: 2) else { return nil }
        let length = min(end - 2, fields.count)
        return Section(head: fields[..<length], content: fields[length...])
    }
}
