/// Finds the delimiter lines of a form: CR LF, two hyphens, the boundary, and what ends the line (RFC 2046 §5.1.1).
///
/// A boundary that other bytes follow is content. A CR stands at a delimiter's beginning and nowhere else in it but at
/// its end, so that a search goes on where a comparison failed and looks at each byte a
/// few times at most.
struct MultipartDelimiter: Sendable {
    /// What follows the boundary in its line.
    enum Ending: Hashable, Sendable {
        /// CR LF: the header fields of a part follow.
        case lineEnd
        /// Two hyphens: no part follows.
        case close
        /// A space or a tab.
        case padding
        /// A line feed alone.
        case lineFeed
    }

    /// What a search comes to.
    enum Finding: Hashable, Sendable {
        /// These offsets of the chunk are content.
        case content(Range<Int>)
        /// Bytes that were held back are content.
        case heldContent([UInt8])
        /// A delimiter has been passed.
        case delimiter(Ending)
        /// The chunk has no more; the beginning of a delimiter may be held back.
        case incomplete
    }

    private enum Comparison {
        case matches(Ending)
        case differs
        case incomplete
    }

    private let pattern: [UInt8]
    /// How many bytes up to here are as in a delimiter: those of the pattern and ``firstOfEnding``.
    private var matched = 0
    /// How many of these are not part of the contents, whatever follows.
    private var owned = 0
    /// The CR or hyphen after the boundary.
    private var firstOfEnding: UInt8 = 0

    /// Begins where a line begins.
    init(_ boundary: MultipartBoundary) {
        self.pattern = Array("\r\n--\(boundary.text)".utf8)
        self.beginLine()
    }

    /// Lets a delimiter follow that has its line end already.
    mutating func beginLine() {
        self.matched = 2
        self.owned = 2
    }

    /// Searches on.
    mutating func next(in chunk: RawSpan, from offset: inout Int) -> Finding {
        if self.matched > 0 {
            switch self.compare(chunk, from: &offset) {
            case .incomplete: return .incomplete
            case .matches(let ending): return .delimiter(ending)
            case .differs:
                let bytes = self.release()
                if !bytes.isEmpty { return .heldContent(bytes) }
            }
        }
        let start = offset
        var position = start
        while let candidate = chunk.firstOffset(of: UInt8(ascii: "\r"), from: position) {
            position = candidate + 1
            // Most line ends are content, and this is a quicker look.
            guard chunk.begins(at: position, with: UInt8(ascii: "\n"), UInt8(ascii: "-")) else { continue }
            position = candidate
            let comparison = self.compare(chunk, from: &position)
            if case .differs = comparison {
                self.matched = 0
                continue
            }
            if case .matches(let ending) = comparison {
                self.matched = 0
                // The content before it first: the delimiter is found again then, at once.
                offset = candidate == start ? position : candidate
                return candidate == start ? .delimiter(ending) : .content(start..<candidate)
            }
            offset = chunk.byteCount
            return candidate == start ? .incomplete : .content(start..<candidate)
        }
        offset = chunk.byteCount
        return start == offset ? .incomplete : .content(start..<offset)
    }

    /// Compares on, byte by byte, and leaves the position at the first byte that differs.
    private mutating func compare(_ chunk: RawSpan, from position: inout Int) -> Comparison {
        while position < chunk.byteCount, self.matched < self.pattern.count {
            guard chunk.byte(at: position) == self.pattern[self.matched] else { return .differs }
            self.matched += 1
            position += 1
        }
        while position < chunk.byteCount {
            let byte = chunk.byte(at: position)
            let ending: Ending
            switch (self.matched == self.pattern.count ? nil : self.firstOfEnding, byte) {
            case (nil, UInt8(ascii: "\r")), (nil, UInt8(ascii: "-")):
                self.firstOfEnding = byte
                self.matched += 1
                position += 1
                continue
            case (nil, UInt8(ascii: " ")), (nil, UInt8(ascii: "\t")): ending = .padding
            case (nil, UInt8(ascii: "\n")): ending = .lineFeed
            case (UInt8(ascii: "\r"), UInt8(ascii: "\n")): ending = .lineEnd
            case (UInt8(ascii: "-"), UInt8(ascii: "-")): ending = .close
            default: return .differs
            }
            position += 1
            self.matched = 0
            self.owned = 0
            return .matches(ending)
        }
        return .incomplete
    }

    /// Gives up a comparison that failed, and returns what was held back for it.
    private mutating func release() -> [UInt8] {
        var bytes = Array(self.pattern[self.owned..<min(self.matched, self.pattern.count)])
        if self.matched > self.pattern.count { bytes.append(self.firstOfEnding) }
        self.matched = 0
        self.owned = 0
        return bytes
    }
}
