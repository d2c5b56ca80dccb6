/// The value of `X-Amz-SignedHeaders`, split at its semicolons: parsed, not believed.
struct SignedHeaderNames: Sendable {
    /// The names joined by `;`, decoded.
    let list: ArraySlice<UInt8>
    private let ranges: [Range<Int>]
    /// Whether the names are in lower case, sorted and unique, and none is empty.
    let isCanonical: Bool

    /// Splits a list in its canonical encoding.
    init(parsing encoded: ArraySlice<UInt8>) {
        // A list of one name, that of nearly every GET, is not encoded.
        let list = encoded.contains(UInt8(ascii: "%")) ? PercentEncoding.decodeCanonical(encoded)[...] : encoded
        var ranges: [Range<Int>] = []
        var start = list.startIndex
        for index in list.indices where list[index] == UInt8(ascii: ";") {
            ranges.append(start..<index)
            start = index + 1
        }
        ranges.append(start..<list.endIndex)
        self.list = list
        self.ranges = ranges
        self.isCanonical = ranges.indices.allSatisfy { Self.isInPlace($0, of: ranges, in: list) }
    }

    private static func isInPlace(_ index: Int, of ranges: [Range<Int>], in list: ArraySlice<UInt8>) -> Bool {
        let name = list[ranges[index]]
        let isLowerCase = !name.isEmpty && !name.contains { $0.isASCIIUppercase }
        return isLowerCase && (index == 0 || list[ranges[index - 1]].lexicographicallyPrecedes(name))
    }

    /// The first name that is empty, not in lower case, or not after the one before it.
    var firstMisplaced: ArraySlice<UInt8>? {
        guard !self.isCanonical else { return nil }
        return self.ranges.indices.first { !Self.isInPlace($0, of: self.ranges, in: self.list) }
            .map { self.list[self.ranges[$0]] }
    }

    /// The number of names.
    var count: Int { self.ranges.count }

    /// Returns a name by its place.
    subscript(index: Int) -> ArraySlice<UInt8> { self.list[self.ranges[index]] }

    /// Whether a name is one of these.
    func contains(_ name: StaticString) -> Bool {
        self.ranges.contains { self.list[$0].isEqual(to: name) }
    }

    /// Whether a name is one of these.
    func contains(_ name: ArraySlice<UInt8>) -> Bool {
        self.ranges.contains { self.list[$0] == name }
    }
}
