/// The head of an HTTP request as it arrived: nothing decoded, nothing normalised but the case of field names.
///
/// The parts are ranges of one copy of the received bytes, so that what is verified is what was sent.
public struct ReceivedRequest: Sendable {
    /// One field line, as ranges of the head's bytes.
    public struct Field: Sendable {
        /// The range of the name, in lower case.
        public let name: Range<Int>
        /// The range of the value, without surrounding white space.
        public let value: Range<Int>

        /// Creates a field.
        public init(name: Range<Int>, value: Range<Int>) {
            self.name = name
            self.value = value
        }
    }

    private let bytes: [UInt8]
    private let methodRange: Range<Int>
    private let pathRange: Range<Int>
    private let queryRange: Range<Int>
    /// The field lines in the order of arrival.
    public let fields: [Field]

    /// Creates a head of parts that a parser found; its field names are in lower case, and its target in origin form
    /// (RFC 9112 §3.2.1).
    public init(bytes: [UInt8], method: Range<Int>, target: Range<Int>, fields: [Field]) {
        self.bytes = bytes
        self.methodRange = method
        self.fields = fields
        let mark = bytes[target].firstIndex(of: UInt8(ascii: "?"))
        self.pathRange = target.lowerBound..<(mark ?? target.upperBound)
        self.queryRange = (mark.map { $0 + 1 } ?? target.upperBound)..<target.upperBound
    }

    /// The method, verbatim.
    public var method: ArraySlice<UInt8> { self.bytes[self.methodRange] }

    /// The path, percent-encoded as received.
    public var path: ArraySlice<UInt8> { self.bytes[self.pathRange] }

    /// The query without its question mark, percent-encoded as received; empty where there is none.
    public var query: ArraySlice<UInt8> { self.bytes[self.queryRange] }

    /// The parameters of the query.
    var queryParameters: QueryParameters { QueryParameters(parsing: self.bytes, query: self.queryRange) }

    /// The name of a field, in lower case.
    public func name(of field: Field) -> ArraySlice<UInt8> { self.bytes[field.name] }

    /// The value of a field, without surrounding white space.
    public func value(of field: Field) -> ArraySlice<UInt8> { self.bytes[field.value] }

    private func isNamed(_ name: StaticString, _ field: Field) -> Bool {
        self.bytes.hasBytes(of: name, at: field.name)
    }

    /// Whether a field of a name, in lower case, is there.
    public func contains(_ name: StaticString) -> Bool {
        for field in self.fields where self.isNamed(name, field) { return true }
        return false
    }

    /// Returns the value of the first field of a name, in lower case.
    public func firstValue(of name: StaticString) -> ArraySlice<UInt8>? {
        for field in self.fields where self.isNamed(name, field) { return self.value(of: field) }
        return nil
    }

    /// Returns the value of the first field of a name, in lower case, as text, invalid UTF-8 repaired.
    public func firstText(of name: StaticString) -> String? {
        self.firstValue(of: name).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Returns the values of every field of a name, in lower case, as one text, joined by commas (RFC 9110 §5.3) and
    /// with invalid UTF-8 repaired; `nil` where there is none.
    public func joinedText(of name: StaticString) -> String? {
        var joined: String?
        for field in self.fields where self.isNamed(name, field) {
            let text = String(decoding: self.value(of: field), as: UTF8.self)
            joined = joined.map { "\($0), \(text)" } ?? text
        }
        return joined
    }

    /// Returns the values of every field of a name, in lower case, in the order of arrival.
    public func values(of name: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        var values: [ArraySlice<UInt8>] = []
        for field in self.fields where field.name.count == name.count && self.bytes[field.name] == name {
            values.append(self.value(of: field))
        }
        return values
    }
}
