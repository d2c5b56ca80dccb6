import CloakroomCrypto

/// Percent-encoding as SigV4 wants it: decoded once, then encoded again in the one canonical form.
///
/// Only `A-Za-z0-9-_.~` stay as they are (RFC 3986 §2.3); every other byte becomes `%` and two upper-case digits.
package enum PercentEncoding {
    /// What differs between a path and a query.
    package enum Component: Sendable {
        /// `/` stays, and a `+` is a plus.
        case path
        /// `/` is encoded, and a `+` is a space, as forms send it.
        case query

        @inline(__always)
        fileprivate func keeps(_ byte: UInt8) -> Bool {
            PercentEncoding.isUnreserved(byte) || (self == .path && byte == UInt8(ascii: "/"))
        }
    }

    /// Appends the canonical form of received bytes.
    ///
    /// A `%` that two hexadecimal digits do not follow stands for itself. What is canonical already, as nearly
    /// everything is that arrives, is copied in whole runs.
    static func appendCanonical(
        _ received: ArraySlice<UInt8>, as component: Component, to output: inout [UInt8]
    ) {
        received.withUnsafeBufferPointer { self.appendCanonical($0, as: component, to: &output) }
    }

    /// Appends the canonical form of received bytes.
    static func appendCanonical(
        _ received: UnsafeBufferPointer<UInt8>, as component: Component, to output: inout [UInt8]
    ) {
        var runStart = 0
        var position = 0
        while position < received.count {
            var byte = received[position]
            var next = position + 1
            if component.keeps(byte) {
                position = next
                continue
            }
            if byte == UInt8(ascii: "%") {
                if let decoded = self.escapedByte(in: received, at: next) {
                    byte = decoded
                    next += 2
                    if !component.keeps(decoded), self.isUpperCase(received, at: position + 1) {
                        position = next
                        continue
                    }
                }
            } else if byte == UInt8(ascii: "+"), component == .query {
                byte = UInt8(ascii: " ")
            }
            output.append(contentsOf: UnsafeBufferPointer(rebasing: received[runStart..<position]))
            self.append(byte, as: component, to: &output)
            position = next
            runStart = next
        }
        output.append(contentsOf: UnsafeBufferPointer(rebasing: received[runStart..<position]))
    }

    /// Appends one plain byte in its canonical form.
    static func append(_ byte: UInt8, as component: Component, to output: inout [UInt8]) {
        if component.keeps(byte) {
            output.append(byte)
        } else {
            output.append(UInt8(ascii: "%"))
            output.append(self.digit(byte >> 4))
            output.append(self.digit(byte & 0xF))
        }
    }

    /// Returns the text that a canonical form stands for, invalid UTF-8 repaired.
    static func decodedText(_ encoded: ArraySlice<UInt8>) -> String {
        guard encoded.contains(UInt8(ascii: "%")) else { return String(decoding: encoded, as: UTF8.self) }
        return String(decoding: self.decodeCanonical(encoded), as: UTF8.self)
    }

    /// Returns the bytes that a canonical form stands for.
    static func decodeCanonical(_ encoded: ArraySlice<UInt8>) -> [UInt8] {
        encoded.withUnsafeBufferPointer { encoded in
            [UInt8](unsafeUninitializedCapacity: encoded.count) { output, count in
                // Decoding never makes more bytes than there were.
                var position = 0
                while position < encoded.count {
                    var byte = encoded[position]
                    position += 1
                    if byte == UInt8(ascii: "%"), let decoded = self.escapedByte(in: encoded, at: position) {
                        byte = decoded
                        position += 2
                    }
                    output[count] = byte
                    count += 1
                }
            }
        }
    }

    /// Returns what a name or a value of a query stands for, where it is written as forms are: `+` is a space; `nil`
    /// for a `%` without two hexadecimal digits, or bytes that are no UTF-8.
    package static func decodeForm(_ encoded: some Collection<UInt8>) -> String? {
        var decoded: [UInt8] = []
        var rest = encoded[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): decoded.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst().flatMap({ Hexadecimal.value(of: $0) }),
                    let low = rest.popFirst().flatMap({ Hexadecimal.value(of: $0) })
                else { return nil }
                decoded.append(high << 4 | low)
            default: decoded.append(byte)
            }
        }
        return String(validating: decoded, as: UTF8.self)
    }

    @inline(__always)
    private static func escapedByte(in bytes: UnsafeBufferPointer<UInt8>, at position: Int) -> UInt8? {
        guard position + 1 < bytes.count, let high = Hexadecimal.value(of: bytes[position]),
            let low = Hexadecimal.value(of: bytes[position + 1])
        else { return nil }
        return high << 4 | low
    }

    /// Whether two hexadecimal digits are written as the canonical form has them.
    @inline(__always)
    private static func isUpperCase(_ bytes: UnsafeBufferPointer<UInt8>, at position: Int) -> Bool {
        bytes[position] < UInt8(ascii: "a") && bytes[position + 1] < UInt8(ascii: "a")
    }

    @inline(__always)
    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? value + UInt8(ascii: "0") : value - 10 + UInt8(ascii: "A")
    }

    /// Whether bytes begin with an escape as the canonical form of a query has it.
    @inline(__always)
    static func beginsWithCanonicalEscape(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let decoded = self.escapedByte(in: bytes, at: 1) else { return false }
        return !self.isUnreserved(decoded) && self.isUpperCase(bytes, at: 1)
    }

    /// Whether a byte is one of `A-Za-z0-9-_.~` (RFC 3986 §2.3).
    @inline(__always)
    static func isUnreserved(_ byte: UInt8) -> Bool {
        HTTPCharacter.isMember(byte, 0x03FF_6000_0000_0000, 0x47FF_FFFE_87FF_FFFE)
    }

    /// Returns a text, percent-encoded.
    package static func encode(_ text: String, as component: Component) -> String {
        var encoded: [UInt8] = []
        for byte in text.utf8 { self.append(byte, as: component, to: &encoded) }
        return String(decoding: encoded, as: UTF8.self)
    }
}
