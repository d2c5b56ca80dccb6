/// Collects the header fields of one part of a form, line by line (RFC 7578 §4.8); then begins anew.
///
/// Fields that mean nothing to a form are ignored. Those that ask for the contents to be decoded are rejected.
struct MultipartHeaders: Sendable {
    /// The most bytes in the header fields of a part, with their line ends.
    static let maximumLength = 16_384
    /// The most header fields of a part.
    static let maximumCount = 16

    private enum Name: String, CaseIterable {
        case disposition = "content-disposition"
        case type = "content-type"
        case transferEncoding = "content-transfer-encoding"
        case encoding = "content-encoding"
    }

    private var line: [UInt8] = []
    private var length = 0
    private var count = 0
    private var values: [Name: String] = [:]

    /// Reads on; returns the part once the empty line after its header fields has been read.
    mutating func next(in chunk: RawSpan, from offset: inout Int) throws(MultipartError) -> MultipartPart? {
        while offset < chunk.byteCount {
            let lineFeed = chunk.firstOffset(of: UInt8(ascii: "\n"), from: offset)
            let end = lineFeed.map { $0 + 1 } ?? chunk.byteCount
            guard end - offset <= Self.maximumLength - self.length else {
                throw .headersTooLong(maximum: Self.maximumLength)
            }
            self.length += end - offset
            self.line += chunk.bytes(in: offset..<end)
            offset = end
            guard lineFeed != nil else { return nil }
            self.line.removeLast()
            guard self.line.popLast() == UInt8(ascii: "\r") else { throw .bareLineFeed }
            if self.line.isEmpty { return try self.end() }
            try self.readLine()
            self.line.removeAll(keepingCapacity: true)
        }
        return nil
    }

    private mutating func readLine() throws(MultipartError) {
        self.count += 1
        guard self.count <= Self.maximumCount else { throw .tooManyHeaders(maximum: Self.maximumCount) }
        if let control = self.line.first(where: { !HTTPCharacter.isFieldValue($0) }) {
            throw .controlCharacter(control)
        }
        guard let text = String(validating: self.line, as: UTF8.self) else { throw .headerNotUTF8 }
        // A line that begins with white space continues the one before, which is obsolete (RFC 9112 §5.2).
        var scanner = FieldScanner(text)
        guard let name = scanner.token()?.lowercased(), scanner.take(":") else {
            throw .malformedHeader(received: text)
        }
        guard let name = Name(rawValue: name) else { return }
        guard self.values[name] == nil else { throw .repeatedHeader(name: name.rawValue) }
        self.values[name] = String(decoding: HTTPCharacter.trimmed(self.line[scanner.position...]), as: UTF8.self)
    }

    private mutating func end() throws(MultipartError) -> MultipartPart {
        guard let value = self.values[.disposition] else { throw .missingDisposition }
        let disposition = try MultipartDisposition(value)
        let name = disposition.name
        if let encoding = self.values[.transferEncoding], !["7bit", "8bit", "binary"].contains(encoding.lowercased()) {
            throw .transferEncoding(part: name, received: encoding)
        }
        if let encoding = self.values[.encoding], encoding.lowercased() != "identity" {
            throw .contentEncoding(part: name, received: encoding)
        }
        let type = self.values[.type].flatMap { $0.isEmpty ? nil : $0 }
        if let type, type.lowercased().hasPrefix("multipart/") { throw .nested(part: name, received: type) }
        self = MultipartHeaders()
        return MultipartPart(name: name, filename: disposition.filename, contentType: type)
    }
}
