/// The value of `X-Amz-SignedHeaders`, split at its semicolons: parsed, not believed.
struct SignedHeaderNames: Sendable {
    private let bytes: [UInt8]
    private let ranges: [Range<Int>]
    /// Whether the names are in lower case, sorted and unique, and none is empty.
    let isCanonical: Bool

    /// Splits a list.
    ///
    /// - Parameter list: The parameter's value, decoded.
    init(_ list: [UInt8]) {
        var ranges: [Range<Int>] = []
        ranges.reserveCapacity(4)
        var start = 0
        for index in list.indices where list[index] == UInt8(ascii: ";") {
            ranges.append(start..<index)
            start = index + 1
        }
        ranges.append(start..<list.count)
        self.bytes = list
        self.ranges = ranges
        self.isCanonical = !ranges.indices.contains { !Self.isInPlace($0, of: ranges, in: list) }
    }

    private static func isInPlace(_ index: Int, of ranges: [Range<Int>], in bytes: [UInt8]) -> Bool {
        let name = bytes[ranges[index]]
        let isLowerCase = !name.isEmpty && !name.contains { UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0 }
        return isLowerCase && (index == 0 || bytes[ranges[index - 1]].lexicographicallyPrecedes(name))
    }

    /// The first name that is empty, not in lower case, or not after the one before it.
    var firstMisplaced: ArraySlice<UInt8>? {
        self.ranges.indices.first { !Self.isInPlace($0, of: self.ranges, in: self.bytes) }
            .map { self.bytes[self.ranges[$0]] }
    }

    /// The number of names.
    var count: Int { self.ranges.count }

    /// Returns a name by its place.
    subscript(index: Int) -> ArraySlice<UInt8> { self.bytes[self.ranges[index]] }

    /// Whether a name is one of these.
    func contains(_ name: StaticString) -> Bool {
        self.ranges.contains { self.bytes.hasBytes(of: name, at: $0) }
    }

    /// Whether a name is one of these.
    func contains(_ name: ArraySlice<UInt8>) -> Bool {
        self.ranges.contains { self.bytes[$0] == name }
    }
}
