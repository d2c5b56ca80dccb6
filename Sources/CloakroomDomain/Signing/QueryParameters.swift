/// The parameters of a query in SigV4's canonical form, in one buffer.
public struct QueryParameters: Sendable {
    private struct Entry {
        let start: Int
        let nameEnd: Int
        let end: Int
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
        var start = query.startIndex
        while start < query.endIndex {
            let end = query[start...].firstIndex(of: UInt8(ascii: "&")) ?? query.endIndex
            if end > start { self.append(parameter: query[start..<end]) }
            start = end + 1
        }
    }

    private mutating func append(parameter: ArraySlice<UInt8>) {
        let separator = parameter.firstIndex(of: UInt8(ascii: "=")) ?? parameter.endIndex
        let start = self.bytes.count
        PercentEncoding.appendCanonical(parameter[..<separator], as: .query, to: &self.bytes)
        let nameEnd = self.bytes.count
        self.bytes.append(UInt8(ascii: "="))
        PercentEncoding.appendCanonical(parameter[separator...].dropFirst(), as: .query, to: &self.bytes)
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
        let isSorted = zip(self.entries, self.entries.dropFirst()).allSatisfy { !self.precedes($1, $0) }
        // Ours come sorted.
        if !isSorted { self.entries = self.entries.sorted { self.precedes($0, $1) } }
    }

    private func precedes(_ left: Entry, _ right: Entry) -> Bool {
        let leftName = self.bytes[left.start..<left.nameEnd]
        let rightName = self.bytes[right.start..<right.nameEnd]
        if leftName.elementsEqual(rightName) {
            return self.bytes[left.nameEnd..<left.end].lexicographicallyPrecedes(
                self.bytes[right.nameEnd..<right.end])
        }
        return leftName.lexicographicallyPrecedes(rightName)
    }

    /// Removes every parameter of a name.
    ///
    /// - Parameter name: In its encoded form.
    public mutating func remove(_ name: StaticString) {
        self.entries.removeAll { self.bytes[$0.start..<$0.nameEnd].isEqual(to: name) }
    }

    /// Returns the encoded values of a name.
    ///
    /// - Parameter name: In its encoded form.
    /// - Returns: The encoded values of a name.
    public func values(of name: StaticString) -> [ArraySlice<UInt8>] {
        self.entries.compactMap {
            self.bytes[$0.start..<$0.nameEnd].isEqual(to: name) ? self.bytes[($0.nameEnd + 1)..<$0.end] : nil
        }
    }

    /// Whether a parameter of this name is there.
    ///
    /// - Parameter name: In its encoded form.
    /// - Returns: `true` if so.
    public func contains(_ name: StaticString) -> Bool {
        self.entries.contains { self.bytes[$0.start..<$0.nameEnd].isEqual(to: name) }
    }

    /// Returns the first value of a name, decoded.
    ///
    /// - Parameter name: In its encoded form.
    /// - Returns: The first value of a name, decoded.
    public func decodedValue(of name: StaticString) -> [UInt8]? {
        for entry in self.entries where self.bytes[entry.start..<entry.nameEnd].isEqual(to: name) {
            return PercentEncoding.decodeCanonical(self.bytes[(entry.nameEnd + 1)..<entry.end])
        }
        return nil
    }

    /// The encoded names, in order.
    public var names: [ArraySlice<UInt8>] {
        self.entries.map { self.bytes[$0.start..<$0.nameEnd] }
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
