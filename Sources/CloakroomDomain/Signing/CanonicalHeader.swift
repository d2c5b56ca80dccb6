/// A signed header in canonical form: lower-case name, value trimmed and with inner runs of spaces made one.
public struct CanonicalHeader: Sendable {
    /// The name in lower case.
    public let name: [UInt8]
    /// The canonical value.
    public let value: [UInt8]

    /// Creates a header from a value that is canonical already.
    ///
    /// - Parameters:
    ///   - name: In lower case.
    ///   - canonicalValue: Trimmed, without runs of spaces.
    public init(name: [UInt8], canonicalValue: [UInt8]) {
        self.name = name
        self.value = canonicalValue
    }

    /// Creates a header from received values.
    ///
    /// - Parameters:
    ///   - name: In lower case.
    ///   - values: One for each field line, in the order of arrival; they are joined by `,`.
    public init(name: [UInt8], values: [ArraySlice<UInt8>]) {
        var canonical: [UInt8] = []
        for (index, value) in values.enumerated() {
            if index > 0 { canonical.append(UInt8(ascii: ",")) }
            Self.appendCollapsed(value, to: &canonical)
        }
        self.init(name: name, canonicalValue: canonical)
    }

    private static func appendCollapsed(_ value: ArraySlice<UInt8>, to output: inout [UInt8]) {
        var pendingSpace = false
        var hasText = false
        for byte in value {
            if byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") {
                pendingSpace = hasText
                continue
            }
            if pendingSpace { output.append(UInt8(ascii: " ")) }
            pendingSpace = false
            hasText = true
            output.append(byte)
        }
    }
}
