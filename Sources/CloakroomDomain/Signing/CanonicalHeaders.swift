/// The signed headers in canonical form: a line each with the name in lower case and the value trimmed, inner runs of
/// spaces made one; and the list of their names.
public struct CanonicalHeaders: Sendable {
    /// `name:value`, each ended by a line feed.
    private(set) var lines: [UInt8] = []
    /// The names, joined by semicolons.
    private(set) var names: [UInt8] = []

    /// Creates an empty list, to which headers are appended in the order of their names.
    public init() {
        self.lines.reserveCapacity(256)
        self.names.reserveCapacity(64)
    }

    /// Appends a header whose value is canonical already.
    ///
    /// - Parameters:
    ///   - name: In lower case.
    ///   - canonicalValue: Trimmed, without runs of spaces.
    public mutating func append(name: some Collection<UInt8>, canonicalValue: some Collection<UInt8>) {
        self.begin(name)
        self.lines.append(contentsOf: canonicalValue)
        self.lines.append(UInt8(ascii: "\n"))
    }

    /// Appends a header of received values.
    ///
    /// - Parameters:
    ///   - name: In lower case.
    ///   - values: One for each field line, in the order of arrival; they are joined by `,`.
    public mutating func append(name: some Collection<UInt8>, values: [ArraySlice<UInt8>]) {
        self.begin(name)
        for (index, value) in values.enumerated() {
            if index > 0 { self.lines.append(UInt8(ascii: ",")) }
            self.appendCollapsed(value)
        }
        self.lines.append(UInt8(ascii: "\n"))
    }

    private mutating func begin(_ name: some Collection<UInt8>) {
        if !self.names.isEmpty { self.names.append(UInt8(ascii: ";")) }
        self.names.append(contentsOf: name)
        self.lines.append(contentsOf: name)
        self.lines.append(UInt8(ascii: ":"))
    }

    private mutating func appendCollapsed(_ value: ArraySlice<UInt8>) {
        var pendingSpace = false
        var hasText = false
        for byte in value {
            if byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") {
                pendingSpace = hasText
                continue
            }
            if pendingSpace { self.lines.append(UInt8(ascii: " ")) }
            pendingSpace = false
            hasText = true
            self.lines.append(byte)
        }
    }
}
