/// SigV4's encodings restated byte by byte, apart from the code that they are held against.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>
enum PlainEncoding {
    private static let unreserved = Set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~".utf8)

    /// Decodes once; a `%` that two digits do not follow stands for itself.
    static func decode(_ encoded: some Collection<UInt8>, plusIsSpace: Bool) -> [UInt8] {
        let bytes = Array(encoded)
        var decoded: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count, let high = self.value(of: bytes[index + 1]),
                let low = self.value(of: bytes[index + 2])
            {
                decoded.append(high * 16 + low)
                index += 3
            } else {
                let isSpace = plusIsSpace && bytes[index] == UInt8(ascii: "+")
                decoded.append(isSpace ? UInt8(ascii: " ") : bytes[index])
                index += 1
            }
        }
        return decoded
    }

    /// Encodes every byte but the unreserved ones, and those that are kept.
    static func encode(_ bytes: some Collection<UInt8>, keeping kept: Set<UInt8> = []) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        return bytes.flatMap { byte -> [UInt8] in
            if self.unreserved.contains(byte) || kept.contains(byte) { return [byte] }
            return [UInt8(ascii: "%"), digits[Int(byte / 16)], digits[Int(byte % 16)]]
        }
    }

    /// The canonical URI of S3: decoded once and encoded again, with the slashes as they are.
    static func path(_ received: some Collection<UInt8>) -> [UInt8] {
        self.encode(self.decode(received, plusIsSpace: false), keeping: [UInt8(ascii: "/")])
    }

    private static func value(of digit: UInt8) -> UInt8? {
        Character(Unicode.Scalar(digit)).hexDigitValue.map { UInt8($0) }
    }
}

/// The parameters of a query, decoded, in the order of arrival.
struct PlainQuery {
    struct Item: Hashable {
        let name: [UInt8]
        let value: [UInt8]

        /// The canonical form of one parameter.
        var encoded: [UInt8] {
            PlainEncoding.encode(self.name) + [UInt8(ascii: "=")] + PlainEncoding.encode(self.value)
        }
    }

    var items: [Item]

    init(_ query: some Collection<UInt8>) {
        self.items = Array(query).split(separator: UInt8(ascii: "&")).map { piece in
            let name = piece.prefix { $0 != UInt8(ascii: "=") }
            return Item(
                name: PlainEncoding.decode(name, plusIsSpace: true),
                value: PlainEncoding.decode(piece.dropFirst(name.count + 1), plusIsSpace: true))
        }
    }

    /// The parameters joined, sorted by encoded name and then by encoded value.
    var canonical: [UInt8] {
        let sorted = self.items.sorted { left, right in
            let (first, second) = (PlainEncoding.encode(left.name), PlainEncoding.encode(right.name))
            if first != second { return first.lexicographicallyPrecedes(second) }
            return PlainEncoding.encode(left.value).lexicographicallyPrecedes(PlainEncoding.encode(right.value))
        }
        return Array(sorted.map(\.encoded).joined(separator: [UInt8(ascii: "&")]))
    }
}
