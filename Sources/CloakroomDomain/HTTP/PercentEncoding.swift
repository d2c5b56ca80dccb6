import CloakroomCrypto

/// Percent-encoding as SigV4 wants it: decoded once, then encoded again in the one canonical form.
///
/// Only `A-Za-z0-9-_.~` stay as they are (RFC 3986 §2.3); every other byte becomes `%` and two upper-case digits.
enum PercentEncoding {
    /// What differs between a path and a query.
    enum Component {
        /// `/` stays, and a `+` is a plus.
        case path
        /// `/` is encoded, and a `+` is a space, as forms send it.
        case query
    }

    private static let digits = Array("0123456789ABCDEF".utf8)

    /// Appends the canonical form of received bytes.
    ///
    /// A `%` that two hexadecimal digits do not follow stands for itself.
    static func appendCanonical(
        _ received: ArraySlice<UInt8>, as component: Component, to output: inout [UInt8]
    ) {
        var position = received.startIndex
        while position < received.endIndex {
            var byte = received[position]
            position += 1
            if byte == UInt8(ascii: "%") {
                if let decoded = Self.escapedByte(in: received, at: position) {
                    byte = decoded
                    position += 2
                }
            } else if byte == UInt8(ascii: "+"), component == .query {
                byte = UInt8(ascii: " ")
            }
            Self.append(byte, as: component, to: &output)
        }
    }

    /// Appends one plain byte in its canonical form.
    static func append(_ byte: UInt8, as component: Component, to output: inout [UInt8]) {
        if Self.isUnreserved(byte) || (component == .path && byte == UInt8(ascii: "/")) {
            output.append(byte)
        } else {
            output.append(UInt8(ascii: "%"))
            output.append(Self.digits[Int(byte >> 4)])
            output.append(Self.digits[Int(byte & 0xF)])
        }
    }

    /// Returns the bytes that a canonical form stands for.
    static func decodeCanonical(_ encoded: ArraySlice<UInt8>) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(encoded.count)
        var position = encoded.startIndex
        while position < encoded.endIndex {
            let byte = encoded[position]
            position += 1
            if byte == UInt8(ascii: "%"), let decoded = Self.escapedByte(in: encoded, at: position) {
                output.append(decoded)
                position += 2
            } else {
                output.append(byte)
            }
        }
        return output
    }

    private static func escapedByte(in bytes: ArraySlice<UInt8>, at position: Int) -> UInt8? {
        guard position + 1 < bytes.endIndex, let high = Hexadecimal.value(of: bytes[position]),
            let low = Hexadecimal.value(of: bytes[position + 1])
        else { return nil }
        return high << 4 | low
    }

    @inline(__always)
    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
            UInt8(ascii: "~"):
            true
        default:
            false
        }
    }
}
