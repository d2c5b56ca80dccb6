/// The parameters of a query in SigV4's canonical form, in one buffer.
///
/// A query that is in that form already, as nearly every one is that arrives, is not copied: its buffer is shared.
public struct QueryParameters: Sendable {
    private struct Entry {
        let start: Int
        let nameEnd: Int
        let end: Int
        let recognised: Name

        init(_ bytes: UnsafeBufferPointer<UInt8>, start: Int, nameEnd: Int, end: Int) {
            self.start = start
            self.nameEnd = nameEnd
            self.end = end
            self.recognised = Name(UnsafeBufferPointer(rebasing: bytes[start..<nameEnd]))
        }

        var name: Range<Int> { self.start..<self.nameEnd }
        var value: Range<Int> { min(self.nameEnd + 1, self.end)..<self.end }
    }

    private var bytes: [UInt8] = []
    private var entries: [Entry] = []

    /// Creates an empty list.
    public init() {}

    /// Reads a query without its question mark: split on `&`, each on its first `=`, decoded and encoded again.
    public init(parsing query: ArraySlice<UInt8>) {
        self.init(parsing: Array(query), query: 0..<query.count)
    }

    /// Reads a query that is a part of some bytes, which are kept if it is canonical.
    init(parsing bytes: [UInt8], query: Range<Int>) {
        self.entries.reserveCapacity(12)
        if self.findCanonical(bytes, query) {
            self.bytes = bytes
        } else {
            self.entries.removeAll(keepingCapacity: true)
            self.bytes.reserveCapacity(query.count + 64)
            bytes.withUnsafeBufferPointer { self.encode(UnsafeBufferPointer(rebasing: $0[query])) }
        }
    }

    /// Notes where the parameters stand; `false` where one is not in canonical form.
    private mutating func findCanonical(_ bytes: [UInt8], _ query: Range<Int>) -> Bool {
        bytes.withUnsafeBufferPointer { bytes in
            var start = query.lowerBound
            var separator = -1
            var position = start
            while position < query.upperBound {
                let byte = bytes[position]
                if PercentEncoding.isUnreserved(byte) {
                    position += 1
                } else if byte == UInt8(ascii: "%") {
                    let escape = UnsafeBufferPointer(rebasing: bytes[position..<query.upperBound])
                    guard PercentEncoding.beginsWithCanonicalEscape(escape) else { return false }
                    position += 3
                } else if byte == UInt8(ascii: "="), separator < 0 {
                    separator = position
                    position += 1
                } else if byte == UInt8(ascii: "&"), separator >= 0 {
                    self.entries.append(Entry(bytes, start: start, nameEnd: separator, end: position))
                    position += 1
                    start = position
                    separator = -1
                } else {
                    return false
                }
            }
            guard separator >= 0 else { return start == query.upperBound }
            self.entries.append(Entry(bytes, start: start, nameEnd: separator, end: position))
            return true
        }
    }

    private mutating func encode(_ query: UnsafeBufferPointer<UInt8>) {
        var start = 0
        while start < query.count {
            var end = start
            var separator: Int?
            while end < query.count, query[end] != UInt8(ascii: "&") {
                if separator == nil, query[end] == UInt8(ascii: "=") { separator = end }
                end += 1
            }
            if end > start { self.encode(query, name: start..<(separator ?? end), end: end) }
            start = end + 1
        }
    }

    private mutating func encode(_ query: UnsafeBufferPointer<UInt8>, name: Range<Int>, end: Int) {
        let value = min(name.upperBound + 1, end)..<end
        let start = self.bytes.count
        PercentEncoding.appendCanonical(UnsafeBufferPointer(rebasing: query[name]), as: .query, to: &self.bytes)
        let nameEnd = self.bytes.count
        self.bytes.append(UInt8(ascii: "="))
        PercentEncoding.appendCanonical(UnsafeBufferPointer(rebasing: query[value]), as: .query, to: &self.bytes)
        self.appendEntry(start: start, nameEnd: nameEnd)
    }

    /// Notes a parameter that ends where the bytes do.
    private mutating func appendEntry(start: Int, nameEnd: Int) {
        let end = self.bytes.count
        self.entries.append(
            self.bytes.withUnsafeBufferPointer { Entry($0, start: start, nameEnd: nameEnd, end: end) })
    }

    /// Adds a parameter, neither of whose parts is encoded.
    public mutating func append(name: some StringProtocol, value: some StringProtocol) {
        let start = self.bytes.count
        for byte in name.utf8 { PercentEncoding.append(byte, as: .query, to: &self.bytes) }
        let nameEnd = self.bytes.count
        self.bytes.append(UInt8(ascii: "="))
        for byte in value.utf8 { PercentEncoding.append(byte, as: .query, to: &self.bytes) }
        self.appendEntry(start: start, nameEnd: nameEnd)
    }

    /// Sorts by encoded name, then encoded value, as bytes.
    public mutating func sort() {
        var isSorted = true
        for index in self.entries.indices.dropFirst() where isSorted {
            isSorted = !self.precedes(self.entries[index], self.entries[index - 1])
        }
        // Ours come sorted.
        if !isSorted { self.entries = self.entries.sorted { self.precedes($0, $1) } }
    }

    private func precedes(_ left: Entry, _ right: Entry) -> Bool {
        self.bytes.withUnsafeBufferPointer { bytes in
            let order = Self.compare(bytes, left.name, right.name)
            return order == 0 ? Self.compare(bytes, left.value, right.value) < 0 : order < 0
        }
    }

    /// Negative, zero or positive as the left bytes come before the right ones, are equal or come after.
    private static func compare(_ bytes: UnsafeBufferPointer<UInt8>, _ left: Range<Int>, _ right: Range<Int>) -> Int {
        for offset in 0..<min(left.count, right.count) {
            let (first, second) = (bytes[left.lowerBound + offset], bytes[right.lowerBound + offset])
            if first != second { return Int(first) - Int(second) }
        }
        return left.count - right.count
    }

    /// Removes every parameter of a name in its encoded form.
    public mutating func remove(_ name: StaticString) {
        while let index = self.firstIndex(of: name) { self.entries.remove(at: index) }
    }

    private func firstIndex(of name: StaticString) -> Int? {
        self.entries.firstIndex { self.bytes.hasBytes(of: name, at: $0.name) }
    }

    /// Returns the first value of a name, both in their encoded form.
    public func value(of name: StaticString) -> ArraySlice<UInt8>? {
        self.firstIndex(of: name).map { self.bytes[self.entries[$0].value] }
    }

    /// Returns the first value of a name in its encoded form, decoded.
    public func decodedValue(of name: StaticString) -> [UInt8]? {
        self.value(of: name).map(PercentEncoding.decodeCanonical)
    }

    /// The encoded names, in order.
    public var names: [ArraySlice<UInt8>] { self.entries.map { self.bytes[$0.name] } }

    // MARK: Names that mean something

    /// Removes every parameter of a name.
    mutating func remove(_ name: Name) {
        while let index = self.entries.firstIndex(where: { $0.recognised == name }) { self.entries.remove(at: index) }
    }

    /// How many parameters of a name there are.
    func count(of name: Name) -> Int {
        self.entries.count { $0.recognised == name }
    }

    /// Whether a parameter of this name is there.
    func contains(_ name: Name) -> Bool { self.entries.contains { $0.recognised == name } }

    /// Whether the first parameter of a name is there and has a value.
    func hasValue(_ name: Name) -> Bool {
        self.entries.first { $0.recognised == name }.map { !$0.value.isEmpty } ?? false
    }

    /// The first value of a name, encoded.
    func value(of name: Name) -> ArraySlice<UInt8>? {
        for entry in self.entries where entry.recognised == name { return self.bytes[entry.value] }
        return nil
    }

    /// The first parameter that means nothing to the service: its name, in its encoded form.
    var firstUnsupportedName: ArraySlice<UInt8>? {
        for entry in self.entries where entry.recognised == .other || entry.recognised == .otherSignature {
            return self.bytes[entry.name]
        }
        return nil
    }

    /// The parameters of a name: their names and values, both in their encoded form.
    func parameters(of name: Name) -> [(name: ArraySlice<UInt8>, value: ArraySlice<UInt8>)] {
        self.entries.lazy.filter { $0.recognised == name }.map { (self.bytes[$0.name], self.bytes[$0.value]) }
    }

    /// A name of SigV4's (`X-Amz-…`, in either case) that appears more than once, in its encoded form.
    var repeatedSignatureName: ArraySlice<UInt8>? {
        // The six that every presigned URL has are counted one by one.
        let names = self.entries.lazy.filter { $0.recognised.isAdditionalOfSigning }
            .map { entry in (key: self.bytes[entry.name].map(\.asciiLowercased), name: self.bytes[entry.name]) }
            .sorted { $0.key.lexicographicallyPrecedes($1.key) }
        return zip(names, names.dropFirst()).first { $0.key == $1.key }?.0.name
    }

    /// Appends the canonical query string in ASCII: `name=value` joined by `&`.
    public func appendQuery(to output: inout [UInt8]) {
        self.bytes.withUnsafeBufferPointer { bytes in
            var index = 0
            while index < self.entries.count {
                // Neighbours in the buffer are copied together.
                if index > 0 { output.append(UInt8(ascii: "&")) }
                let start = self.entries[index].start
                while index + 1 < self.entries.count, self.areJoined(index, bytes) { index += 1 }
                output.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[start..<self.entries[index].end]))
                index += 1
            }
        }
    }

    /// Whether a parameter and the next stand behind each other with an `&` between them.
    private func areJoined(_ index: Int, _ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        let end = self.entries[index].end
        return self.entries[index + 1].start == end + 1 && bytes[end] == UInt8(ascii: "&")
    }
}
