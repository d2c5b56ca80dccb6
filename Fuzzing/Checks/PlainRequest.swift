import CloakroomDomain

/// A request's head as the lines of a text: `METHOD target`, then a `name: value` for each field.
struct PlainRequest {
    var method: [UInt8]
    var target: [UInt8]
    /// The names in lower case, the values trimmed, as the server's parser hands them over.
    var fields: [(name: [UInt8], value: [UInt8])] = []

    init(method: String, target: String, fields: KeyValuePairs<String, String>) {
        self.method = Array(method.utf8)
        self.target = Array(target.utf8)
        self.fields = fields.map { (Array($0.key.utf8), Array($0.value.utf8)) }
    }

    /// Reads a text; whatever it holds, there is a request in it.
    init(_ text: [UInt8]) {
        let lines = text.filter { $0 != UInt8(ascii: "\r") }.split(
            separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let first = lines.first ?? []
        self.method = Array(first.prefix { $0 != UInt8(ascii: " ") })
        self.target = Array(first.dropFirst(self.method.count + 1).prefix { $0 != UInt8(ascii: " ") })
        for line in lines.dropFirst().prefix(while: { !$0.isEmpty }) {
            let name = line.prefix { $0 != UInt8(ascii: ":") }
            self.add(name: name, value: line.dropFirst(name.count + 1))
        }
    }

    /// Adds a field.
    mutating func add(name: some Collection<UInt8>, value: some Collection<UInt8>) {
        self.fields.append((name.map { Self.lowerCase($0) }, Self.trimmed(Array(value))))
    }

    private static func lowerCase(_ byte: UInt8) -> UInt8 {
        UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte ? byte + 32 : byte
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

    private static func trimmed(_ value: [UInt8]) -> [UInt8] {
        Array(Array(value.drop(while: self.isSpace).reversed()).drop(while: self.isSpace).reversed())
    }

    var path: [UInt8] { Array(self.target.prefix { $0 != UInt8(ascii: "?") }) }

    var query: PlainQuery { PlainQuery(self.target.dropFirst(self.path.count + 1)) }

    /// The names of the fields, sorted, each once.
    var names: [[UInt8]] {
        Set(self.fields.map(\.name)).sorted { $0.lexicographicallyPrecedes($1) }
    }

    /// The canonical value of a field: trimmed, its runs of spaces made one, repeats joined by commas.
    func canonicalValue(of name: [UInt8]) -> [UInt8] {
        let values = self.fields.filter { $0.name == name }.map { field in
            Array(field.value.split(whereSeparator: Self.isSpace).joined(separator: [UInt8(ascii: " ")]))
        }
        return Array(values.joined(separator: [UInt8(ascii: ",")]))
    }

    /// The head as the server's parser hands it over.
    var received: ReceivedRequest {
        var bytes: [UInt8] = []
        func append(_ part: [UInt8], before separator: String) -> Range<Int> {
            let start = bytes.count
            bytes.append(contentsOf: part)
            defer { bytes.append(contentsOf: separator.utf8) }
            return start..<bytes.count
        }
        let method = append(self.method, before: " ")
        let target = append(self.target, before: " HTTP/1.1\r\n")
        let fields = self.fields.map { field in
            let name = append(field.name, before: ": ")
            return ReceivedRequest.Field(name: name, value: append(field.value, before: "\r\n"))
        }
        return ReceivedRequest(bytes: bytes, method: method, target: target, fields: fields)
    }
}
