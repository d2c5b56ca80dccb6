import CloakroomDomain
import Glibc

/// Parses a request head to the letter of RFC 9112, rejecting what implementations are known to read differently.
///
/// No bare line feeds, folded lines, white space before a colon, repeated or signed `Content-Length`, or
/// `Content-Length` beside `Transfer-Encoding`: the shapes that request smuggling is made of.
struct HTTPHeadParser {
    /// The most bytes in a head.
    static let maximumLength = 16_384
    /// The most field lines in a head.
    static let maximumFieldCount = 64

    enum Outcome {
        /// The head's end has not arrived.
        case incomplete
        /// The head, and the number of bytes it took.
        case head(RequestHead, length: Int)
    }

    /// Parses the bytes that have arrived, from the head's first byte on.
    static func parse(_ bytes: UnsafeRawBufferPointer) throws(RequestHeadError) -> Outcome {
        // A server should ignore at least one empty line before the request line (RFC 9112 §2.2).
        let start = bytes.count >= 2 && bytes[0] == 0x0D && bytes[1] == 0x0A ? 2 : 0
        guard let end = try Self.endOfHead(bytes, from: start) else {
            guard bytes.count <= Self.maximumLength else { throw .tooLarge }
            return .incomplete
        }
        guard end <= Self.maximumLength else { throw .tooLarge }
        var parser = HTTPHeadParser(Array(UnsafeRawBufferPointer(rebasing: bytes[start..<end])))
        return .head(try parser.parseHead(), length: end)
    }

    /// The offset after the empty line that ends the head.
    private static func endOfHead(_ bytes: UnsafeRawBufferPointer, from start: Int) throws(RequestHeadError) -> Int? {
        let limit = min(bytes.count, Self.maximumLength + 1)
        guard let base = bytes.baseAddress else { return nil }
        var lineStart = start
        // `memchr` looks at no byte past `limit`.
        while lineStart < limit, let found = memchr(base + lineStart, 0x0A, limit - lineStart) {
            let position = base.distance(to: UnsafeRawPointer(found))
            guard position > lineStart, bytes[position - 1] == 0x0D else {
                throw .malformed("a line ends without a carriage return")
            }
            if position - 1 == lineStart { return position + 1 }
            lineStart = position + 1
        }
        return nil
    }

    private var bytes: [UInt8]
    private var position = 0
    private var isVersion11 = false
    private var fields: [ReceivedRequest.Field] = []

    private init(_ bytes: [UInt8]) {
        self.bytes = bytes
        self.fields.reserveCapacity(8)
    }

    private mutating func parseHead() throws(RequestHeadError) -> RequestHead {
        let (method, target) = try self.parseRequestLine()
        while self.bytes[self.position] != 0x0D { try self.parseField() }
        // Only the empty line is left; a carriage return at the start of any other would hide what follows.
        guard self.position == self.bytes.count - 2 else { throw .malformed("a line contains a control character") }
        let request = ReceivedRequest(bytes: self.bytes, method: method, target: target, fields: self.fields)
        return try self.frame(request)
    }

    // MARK: Request line

    /// Parses `request-line = method SP request-target SP HTTP-version`.
    private mutating func parseRequestLine() throws(RequestHeadError) -> (Range<Int>, Range<Int>) {
        let method = self.take { HTTPCharacter.isToken($0) }
        guard !method.isEmpty, self.takeByte(0x20) else { throw .malformed("the request line has no valid method") }
        let target = self.take { $0 > 0x20 && $0 != 0x7F }
        guard !target.isEmpty, self.takeByte(0x20) else { throw .malformed("the request line has no valid target") }
        let version = self.take { $0 > 0x20 && $0 != 0x7F }
        try self.parseVersion(self.bytes[version])
        try self.endLine()
        return (method, try self.originForm(target))
    }

    private mutating func parseVersion(_ version: ArraySlice<UInt8>) throws(RequestHeadError) {
        let start = version.startIndex
        guard version.count == 8, version.hasPrefix("HTTP/"), version[start + 6] == UInt8(ascii: "."),
            UInt8(ascii: "0")...UInt8(ascii: "9") ~= version[start + 5],
            UInt8(ascii: "0")...UInt8(ascii: "9") ~= version[start + 7]
        else { throw .malformed("the request line has no valid version") }
        guard version[start + 5] == UInt8(ascii: "1") else { throw .unsupportedVersion }
        // A higher minor version is served as the highest one known (RFC 9110 §2.5).
        self.isVersion11 = version[start + 7] > UInt8(ascii: "0")
    }

    /// Reduces an absolute form (RFC 9112 §3.2.2) to the path and query; `*` stays.
    private func originForm(_ target: Range<Int>) throws(RequestHeadError) -> Range<Int> {
        let bytes = self.bytes[target]
        if bytes.first == UInt8(ascii: "/") || bytes.isEqual(to: "*") { return target }
        for scheme: StaticString in ["http://", "https://"]
        where bytes.prefix(scheme.utf8CodeUnitCount).isEqualIgnoringCase(to: scheme) {
            let authority = bytes.dropFirst(scheme.utf8CodeUnitCount)
            let isDelimiter: (UInt8) -> Bool = { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") }
            guard let slash = authority.firstIndex(where: isDelimiter), slash > authority.startIndex,
                authority[slash] == UInt8(ascii: "/")
            else { break }
            return slash..<target.upperBound
        }
        throw .malformed("the request target is neither a path nor an absolute URL with one")
    }

    // MARK: Field lines

    /// Parses `field-line = field-name ":" OWS field-value OWS`.
    private mutating func parseField() throws(RequestHeadError) {
        guard self.fields.count < Self.maximumFieldCount else { throw .tooLarge }
        let name = self.take { HTTPCharacter.isToken($0) }
        guard !name.isEmpty, self.takeByte(UInt8(ascii: ":")) else { throw .malformed("a field has no valid name") }
        for index in name where self.bytes[index].isASCIIUppercase { self.bytes[index] |= 0x20 }
        _ = self.take { HTTPCharacter.isWhitespace($0) }
        var value = self.take { HTTPCharacter.isFieldValue($0) }
        try self.endLine()
        while let last = value.last, HTTPCharacter.isWhitespace(self.bytes[last]) {
            value = value.lowerBound..<(value.upperBound - 1)
        }
        self.fields.append(ReceivedRequest.Field(name: name, value: value))
    }

    @inline(__always)
    private mutating func take(while isIncluded: (UInt8) -> Bool) -> Range<Int> {
        let start = self.position
        self.position = self.bytes.withUnsafeBufferPointer { bytes in
            var position = start
            // The head ends in CR LF, which no predicate includes.
            while isIncluded(bytes[position]) { position += 1 }
            return position
        }
        return start..<self.position
    }

    private mutating func takeByte(_ byte: UInt8) -> Bool {
        guard self.bytes[self.position] == byte else { return false }
        self.position += 1
        return true
    }

    private mutating func endLine() throws(RequestHeadError) {
        guard self.takeByte(0x0D), self.takeByte(0x0A) else { throw .malformed("a line contains a control character") }
    }

    // MARK: Framing

    private func frame(_ request: ReceivedRequest) throws(RequestHeadError) -> RequestHead {
        var lengths: [ArraySlice<UInt8>] = []
        var codings: [ArraySlice<UInt8>] = []
        var hosts = 0
        var isHostValid = true
        var closes = false
        var expectsContinue = false
        for field in request.fields {
            let name = request.name(of: field)
            let value = request.value(of: field)
            if name.isEqual(to: "host") {
                hosts += 1
                isHostValid = isHostValid && HTTPCharacter.isHost(value)
            } else if name.isEqual(to: "content-length") {
                lengths.append(value)
            } else if name.isEqual(to: "transfer-encoding") {
                codings.append(value)
            } else if name.isEqual(to: "connection") {
                closes = closes || HTTPCharacter.list(value, contains: "close")
            } else if name.isEqual(to: "expect") {
                guard HTTPCharacter.list(value, containsOnly: "100-continue") else { throw .unsupportedExpectation }
                expectsContinue = expectsContinue || self.isVersion11 && !value.isEmpty
            }
        }
        guard hosts == 1 || (hosts == 0 && !self.isVersion11) else {
            throw .malformed("it has \(hosts) Host fields and must have exactly one")
        }
        guard isHostValid else { throw .malformed("the Host field is not a valid host") }
        let framing = try self.framing(lengths, codings)
        return RequestHead(
            request: request, framing: framing, keepsAlive: !closes && self.isVersion11,
            expectsContinue: expectsContinue)
    }

    private func framing(
        _ lengths: [ArraySlice<UInt8>], _ codings: [ArraySlice<UInt8>]
    ) throws(RequestHeadError) -> RequestHead.Framing {
        if !codings.isEmpty {
            guard lengths.isEmpty else { throw .malformed("it has both Content-Length and Transfer-Encoding") }
            guard self.isVersion11 else { throw .malformed("it has Transfer-Encoding, which HTTP/1.0 does not have") }
            guard codings.count == 1, codings[0].isEqualIgnoringCase(to: "chunked") else {
                throw .unsupportedTransferCoding
            }
            return .chunked
        }
        guard lengths.count <= 1 else { throw .malformed("it has more than one Content-Length field") }
        guard let digits = lengths.first else { return .none }
        guard let length = DecimalDigits.value(of: digits) else { throw .malformed("Content-Length is not a number") }
        return .length(Int64(length))
    }
}
