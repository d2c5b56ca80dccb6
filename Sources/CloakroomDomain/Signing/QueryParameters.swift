/// The parameters of a query in SigV4's canonical form, in one buffer.
public struct QueryParameters: Sendable {
    private struct Entry {
        let start: Int
        let nameEnd: Int
        let end: Int

        var name: Range<Int> { self.start..<self.nameEnd }
        var value: Range<Int> { (self.nameEnd + 1)..<self.end }
    }

    private var bytes: [UInt8] = []
    private var entries: [Entry] = []

    /// Creates an empty list.
    public init() {}

    /// Reads a query: split on `&`, each on its first `=`, decoded and encoded again.
    ///
    /// - Parameter query: As received, without its question mark.
    public init(parsing query: ArraySlice<UInt8>) {
        self.bytes.reserveCapacity(query.count + 64)
        self.entries.reserveCapacity(12)
        query.withUnsafeBufferPointer { query in
            var start = 0
            while start < query.count {
                var end = start
                var separator: Int?
                while end < query.count, query[end] != UInt8(ascii: "&") {
                    if separator == nil, query[end] == UInt8(ascii: "=") { separator = end }
                    end += 1
                }
                if end > start { self.append(query, name: start..<(separator ?? end), end: end) }
                start = end + 1
            }
        }
    }

    private mutating func append(_ query: UnsafeBufferPointer<UInt8>, name: Range<Int>, end: Int) {
        let value = min(name.upperBound + 1, end)..<end
        let start = self.bytes.count
        PercentEncoding.appendCanonical(UnsafeBufferPointer(rebasing: query[name]), as: .query, to: &self.bytes)
        let nameEnd = self.bytes.count
        self.bytes.append(UInt8(ascii: "="))
        PercentEncoding.appendCanonical(UnsafeBufferPointer(rebasing: query[value]), as: .query, to: &self.bytes)
        self.entries.append(Entry(start: start, nameEnd: nameEnd, end: self.bytes.count))
    }

    /// Adds a parameter.
    ///
    /// - Parameters:
    ///   - name: Not encoded.
    ///   - value: Not encoded.
    public mutating func append(name: some StringProtocol, value: some StringProtocol) {
        let start = self.bytes.count
        for byte in name.utf8 { PercentEncoding.append(byte, as: .query, to: &self.bytes) }
        let nameEnd = self.bytes.count
        self.bytes.append(UInt8(ascii: "="))
        for byte in value.utf8 { PercentEncoding.append(byte, as: .query, to: &self.bytes) }
        self.entries.append(Entry(start: start, nameEnd: nameEnd, end: self.bytes.count))
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
            let order = Self.compare(bytes[left.name], bytes[right.name])
            return order == 0 ? Self.compare(bytes[left.value], bytes[right.value]) < 0 : order < 0
        }
    }

    /// Negative, zero or positive as the left bytes come before the right ones, are equal or come after.
    private static func compare(
        _ left: Slice<UnsafeBufferPointer<UInt8>>, _ right: Slice<UnsafeBufferPointer<UInt8>>
    ) -> Int {
        let (left, right) = (UnsafeBufferPointer(rebasing: left), UnsafeBufferPointer(rebasing: right))
        for index in 0..<min(left.count, right.count) where left[index] != right[index] {
            return Int(left[index]) - Int(right[index])
        }
        return left.count - right.count
    }

    /// Removes every parameter of a name.
    ///
    /// - Parameter name: In its encoded form.
    public mutating func remove(_ name: StaticString) {
        while let index = self.firstIndex(of: name) { self.entries.remove(at: index) }
    }

    private func firstIndex(of name: StaticString) -> Int? {
        for index in self.entries.indices where self.bytes.hasBytes(of: name, at: self.entries[index].name) {
            return index
        }
        return nil
    }

    /// How many parameters of a name there are.
    ///
    /// - Parameter name: In its encoded form.
    /// - Returns: The number.
    public func count(of name: StaticString) -> Int {
        var count = 0
        for entry in self.entries where self.bytes.hasBytes(of: name, at: entry.name) { count += 1 }
        return count
    }

    /// Whether a parameter of this name is there.
    ///
    /// - Parameter name: In its encoded form.
    /// - Returns: `true` if so.
    public func contains(_ name: StaticString) -> Bool {
        self.firstIndex(of: name) != nil
    }

    /// Returns the first value of a name, encoded.
    ///
    /// - Parameter name: In its encoded form.
    /// - Returns: The value in its canonical form.
    public func value(of name: StaticString) -> ArraySlice<UInt8>? {
        self.firstIndex(of: name).map { self.bytes[self.entries[$0].value] }
    }

    /// Returns the first value of a name, decoded.
    ///
    /// - Parameter name: In its encoded form.
    /// - Returns: The first value of a name, decoded.
    public func decodedValue(of name: StaticString) -> [UInt8]? {
        self.value(of: name).map(PercentEncoding.decodeCanonical)
    }

    /// The encoded names, in order.
    public var names: [ArraySlice<UInt8>] {
        self.entries.map { self.bytes[$0.name] }
    }

    /// Whether every name is one of some.
    ///
    /// - Parameter names: In their encoded form.
    /// - Returns: The first that is not, if any.
    func firstName(notIn names: [StaticString]) -> ArraySlice<UInt8>? {
        for entry in self.entries where !names.contains(where: { self.bytes.hasBytes(of: $0, at: entry.name) }) {
            return self.bytes[entry.name]
        }
        return nil
    }

    /// How many names begin with some bytes.
    ///
    /// - Parameter prefix: In its encoded form.
    /// - Returns: The number.
    func count(withPrefix prefix: StaticString) -> Int {
        let length = prefix.utf8CodeUnitCount
        var count = 0
        for entry in self.entries where entry.name.count >= length {
            if self.bytes.hasBytes(of: prefix, at: entry.start..<(entry.start + length)) { count += 1 }
        }
        return count
    }

    /// Appends the canonical query string: `name=value` joined by `&`.
    ///
    /// - Parameter output: Receives ASCII bytes.
    public func appendQuery(to output: inout [UInt8]) {
        for (index, entry) in self.entries.enumerated() {
            if index > 0 { output.append(UInt8(ascii: "&")) }
            output.append(contentsOf: self.bytes[entry.start..<entry.end])
        }
    }
}
