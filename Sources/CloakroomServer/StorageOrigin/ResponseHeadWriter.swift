import CloakroomCrypto
import CloakroomDomain
import NIOCore

/// Writes response heads of the storage origin: what every answer carries, and what the caller adds.
///
/// One for each event loop: what does not change within a second is kept as bytes.
struct ResponseHeadWriter {
    /// Fields of every answer: no sniffing, no scripts, no referrer, and any page may read it.
    private static let commonFields = """
        X-Content-Type-Options: nosniff\r
        Content-Security-Policy: default-src 'none'; sandbox\r
        Referrer-Policy: no-referrer\r
        Cross-Origin-Resource-Policy: cross-origin\r
        Access-Control-Allow-Origin: *\r
        Access-Control-Expose-Headers: *\r\n
        """

    private var second: Timestamp?
    /// From the status line's end to the request id.
    private var common: [UInt8] = []

    /// Writes the status line and the common fields; the caller appends its own and ends the head.
    mutating func begin(_ status: HTTPStatus, requestID: RequestID, now: Timestamp, into buffer: inout ByteBuffer) {
        if self.second != now {
            self.second = now
            self.common = Array("\r\nDate: \(now.imfFixdate)\r\n\(Self.commonFields)x-amz-request-id: ".utf8)
        }
        if status == .ok {
            buffer.writeStaticString("HTTP/1.1 200 OK")
        } else {
            buffer.writeStaticString("HTTP/1.1 ")
            buffer.writeDecimal(status.rawValue)
            buffer.writeStaticString(" ")
            buffer.writeStaticString(status.reason)
        }
        buffer.writeBytes(self.common)
        buffer.writeHexadecimal(requestID.value)
        buffer.writeStaticString("\r\n")
    }
}

extension ByteBuffer {
    /// Writes a field line.
    mutating func writeField(_ name: StaticString, _ value: String) {
        self.writeStaticString(name)
        self.writeStaticString(": ")
        self.writeString(value)
        self.writeStaticString("\r\n")
    }

    /// Writes a field line.
    mutating func writeField(_ name: StaticString, _ value: Int) {
        self.writeStaticString(name)
        self.writeStaticString(": ")
        self.writeDecimal(value)
        self.writeStaticString("\r\n")
    }

    /// Writes the `ETag` field of a file.
    mutating func writeEntityTag(_ id: FileID) {
        self.writeStaticString("ETag: \"")
        self.writeWithUnsafeMutableBytes(minimumWritableBytes: FileID.textLength) { id.writeText(into: $0) }
        self.writeStaticString("\"\r\n")
    }

    /// Writes a number that is not negative in decimal digits.
    mutating func writeDecimal(_ value: Int) {
        var digits = (UInt64(0), UInt64(0), UInt64(0))
        withUnsafeMutableBytes(of: &digits) { digits in
            // 24 bytes hold the 19 digits of the largest number.
            var position = digits.count
            var rest = value.magnitude
            repeat {
                position -= 1
                digits[position] = UInt8(truncatingIfNeeded: rest % 10) + UInt8(ascii: "0")
                rest /= 10
            } while rest > 0
            _ = self.writeBytes(UnsafeRawBufferPointer(rebasing: digits[position...]))
        }
    }

    /// Writes 16 lower-case hexadecimal digits.
    mutating func writeHexadecimal(_ value: UInt64) {
        var digits = (UInt64(0), UInt64(0))
        withUnsafeMutableBytes(of: &digits) { digits in
            // 16 bytes, one for each of the 16 digits.
            for index in 0..<16 {
                digits[index] = Hexadecimal.digit(UInt8(truncatingIfNeeded: value >> UInt64(60 - 4 * index)) & 0xF)
            }
            _ = self.writeBytes(UnsafeRawBufferPointer(digits))
        }
    }

    /// Ends a response head.
    mutating func endHead(keepsAlive: Bool) {
        if !keepsAlive { self.writeStaticString("Connection: close\r\n") }
        self.writeStaticString("\r\n")
    }
}
