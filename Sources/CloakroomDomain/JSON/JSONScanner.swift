import CloakroomCrypto

/// Walks a JSON text (RFC 8259) and tells where its values are; every byte stays where it is.
///
/// Decoding into values and encoding them again would change numbers, escapes, white space and the order of members.
/// The names in an object must differ (RFC 8259 §4 only recommends it): of two equal ones, one reader takes the first
/// and another the last.
struct JSONScanner {
    /// Why a text cannot be walked.
    enum Failure: Error, Hashable, Sendable {
        /// It is no JSON: the offset of the first byte that cannot stand there.
        case malformed(at: Int)
        /// A name appears a second time in its object; ``Event/name(_:)`` has just been reported for it.
        case repeatedName
        /// Arrays and objects are nested deeper than is allowed.
        case tooDeep
    }

    /// What a walk finds.
    enum Event {
        /// An array or object begins or ends.
        case opened, closed
        /// A member's name, with its quotation marks; its value follows.
        case name(Range<Int>)
        /// An element of an array follows.
        case element(index: Int)
        /// A string, with its quotation marks.
        case string(Range<Int>)
    }

    private let bytes: ArraySlice<UInt8>
    private let maximumDepth: Int
    private var offset: Int

    /// Reads UTF-8 that was checked before; what is found is given in the slice's own indices.
    init(_ bytes: ArraySlice<UInt8>, maximumDepth: Int) {
        self.bytes = bytes
        self.offset = bytes.startIndex
        self.maximumDepth = maximumDepth
    }

    /// Walks the only value of the text.
    mutating func walk(_ visit: (Event) -> Void) throws(Failure) {
        self.skipWhitespace()
        try self.value(depth: 0, visit)
        try self.finish()
    }

    /// Walks a text that is an object, and returns the range of each member's name, with its quotation marks, and of
    /// its value; `nil` for another value.
    mutating func members() throws(Failure) -> [(name: Range<Int>, value: Range<Int>)]? {
        self.skipWhitespace()
        guard self.peek == UInt8(ascii: "{") else {
            try self.walk { _ in }
            return nil
        }
        var members: [(name: Range<Int>, value: Range<Int>)] = []
        try self.object { scanner, name throws(Failure) in
            let start = scanner.offset
            try scanner.value(depth: 0) { _ in }
            members.append((name, start..<scanner.offset))
        } willRead: { _ in
        }
        try self.finish()
        return members
    }

    /// Walks a text that is an array, and returns the number of its elements and the ranges of the first ones; `nil`
    /// for another value.
    mutating func elements(atMost maximumCount: Int) throws(Failure) -> (count: Int, ranges: [Range<Int>])? {
        self.skipWhitespace()
        guard self.peek == UInt8(ascii: "[") else { return nil }
        var (count, ranges): (Int, [Range<Int>]) = (0, [])
        try self.sequence(closing: UInt8(ascii: "]")) { scanner, index throws(Failure) in
            let start = scanner.offset
            try scanner.value(depth: 0) { _ in }
            count = index + 1
            if count <= maximumCount { ranges.append(start..<scanner.offset) }
        }
        try self.finish()
        return (count, ranges)
    }

    private mutating func finish() throws(Failure) {
        self.skipWhitespace()
        guard self.offset == self.bytes.endIndex else { throw .malformed(at: self.offset) }
    }

    // MARK: Values

    private mutating func value(depth: Int, _ visit: (Event) -> Void) throws(Failure) {
        switch self.peek {
        case UInt8(ascii: "{"):
            guard depth < self.maximumDepth else { throw .tooDeep }
            visit(.opened)
            try self.object { scanner, _ throws(Failure) in
                try scanner.value(depth: depth + 1, visit)
            } willRead: { name in
                visit(.name(name))
            }
            visit(.closed)
        case UInt8(ascii: "["):
            guard depth < self.maximumDepth else { throw .tooDeep }
            visit(.opened)
            try self.sequence(closing: UInt8(ascii: "]")) { scanner, index throws(Failure) in
                visit(.element(index: index))
                try scanner.value(depth: depth + 1, visit)
            }
            visit(.closed)
        case UInt8(ascii: "\""): visit(.string(try self.string()))
        case UInt8(ascii: "t"): try self.literal("true")
        case UInt8(ascii: "f"): try self.literal("false")
        case UInt8(ascii: "n"): try self.literal("null")
        default: try self.number()
        }
    }

    /// Walks the members of an object, whose names must differ.
    private mutating func object(
        _ value: (inout JSONScanner, Range<Int>) throws(Failure) -> Void, willRead: (Range<Int>) -> Void
    ) throws(Failure) {
        var names: Set<JSONName> = []
        try self.sequence(closing: UInt8(ascii: "}")) { scanner, _ throws(Failure) in
            let name = try scanner.name()
            willRead(name)
            guard names.insert(JSONName(scanner.bytes[name])).inserted else { throw .repeatedName }
            try value(&scanner, name)
        }
    }

    /// Walks what stands between brackets, separated by commas.
    private mutating func sequence(
        closing: UInt8, _ item: (inout JSONScanner, Int) throws(Failure) -> Void
    ) throws(Failure) {
        self.offset += 1
        self.skipWhitespace()
        if self.takes(closing) { return }
        var index = 0
        while true {
            try item(&self, index)
            index += 1
            self.skipWhitespace()
            if self.takes(closing) { return }
            try self.take(UInt8(ascii: ","))
            self.skipWhitespace()
        }
    }

    private mutating func name() throws(Failure) -> Range<Int> {
        guard self.peek == UInt8(ascii: "\"") else { throw .malformed(at: self.offset) }
        let name = try self.string()
        self.skipWhitespace()
        try self.take(UInt8(ascii: ":"))
        self.skipWhitespace()
        return name
    }

    private mutating func string() throws(Failure) -> Range<Int> {
        let start = self.offset
        self.offset += 1
        while let byte = self.peek {
            switch byte {
            case UInt8(ascii: "\""):
                self.offset += 1
                return start..<self.offset
            case UInt8(ascii: "\\"): try self.escape()
            case 0..<0x20: throw .malformed(at: self.offset)
            default: self.offset += 1
            }
        }
        throw .malformed(at: self.offset)
    }

    private mutating func escape() throws(Failure) {
        self.offset += 1
        switch self.peek {
        case UInt8(ascii: "u"):
            self.offset += 1
            for _ in 0..<4 {
                guard let byte = self.peek, Hexadecimal.value(of: byte) != nil else {
                    throw .malformed(at: self.offset)
                }
                self.offset += 1
            }
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            self.offset += 1
        default: throw .malformed(at: self.offset)
        }
    }

    private mutating func literal(_ text: StaticString) throws(Failure) {
        for index in 0..<text.utf8CodeUnitCount { try self.take(text.utf8Start[index]) }
    }

    /// `[-] int [frac] [exp]` (RFC 8259 §6).
    private mutating func number() throws(Failure) {
        _ = self.takes(UInt8(ascii: "-"))
        if !self.takes(UInt8(ascii: "0")) { try self.digits() }
        if self.takes(UInt8(ascii: ".")) { try self.digits() }
        if self.takes(UInt8(ascii: "e")) || self.takes(UInt8(ascii: "E")) {
            _ = self.takes(UInt8(ascii: "+")) || self.takes(UInt8(ascii: "-"))
            try self.digits()
        }
    }

    private mutating func digits() throws(Failure) {
        let start = self.offset
        while let byte = self.peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { self.offset += 1 }
        guard self.offset > start else { throw .malformed(at: self.offset) }
    }

    // MARK: Bytes

    private var peek: UInt8? { self.offset < self.bytes.endIndex ? self.bytes[self.offset] : nil }

    private mutating func takes(_ byte: UInt8) -> Bool {
        guard self.peek == byte else { return false }
        self.offset += 1
        return true
    }

    private mutating func take(_ byte: UInt8) throws(Failure) {
        guard self.takes(byte) else { throw .malformed(at: self.offset) }
    }

    private mutating func skipWhitespace() {
        while let byte = self.peek, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { self.offset += 1 }
    }
}
