import CloakroomDomain
import NIOCore

/// Writes response heads of the storage origin: what every answer carries, and what the caller adds.
struct ResponseHeadWriter {
    /// Fields of every answer: no sniffing, no scripts, no referrer, and any page may read it.
    private static let commonFields: StaticString = """
        X-Content-Type-Options: nosniff\r
        Content-Security-Policy: default-src 'none'; sandbox\r
        Referrer-Policy: no-referrer\r
        Cross-Origin-Resource-Policy: cross-origin\r
        Access-Control-Allow-Origin: *\r
        Access-Control-Expose-Headers: *\r\n
        """

    private var date: (second: Timestamp, text: String)

    init() {
        self.date = (Timestamp(secondsSinceEpoch: 0), "")
    }

    /// Writes the status line and the common fields; the caller appends its own and ends the head.
    mutating func begin(_ status: HTTPStatus, requestID: String, now: Timestamp, into buffer: inout ByteBuffer) {
        if self.date.second != now { self.date = (now, now.imfFixdate) }
        buffer.writeStaticString("HTTP/1.1 ")
        buffer.writeString(String(status.rawValue))
        buffer.writeStaticString(" ")
        buffer.writeStaticString(status.reason)
        buffer.writeStaticString("\r\nDate: ")
        buffer.writeString(self.date.text)
        buffer.writeStaticString("\r\nx-amz-request-id: ")
        buffer.writeString(requestID)
        buffer.writeStaticString("\r\n")
        buffer.writeStaticString(Self.commonFields)
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
    mutating func writeField(_ name: StaticString, _ value: some BinaryInteger) {
        self.writeField(name, "\(value)")
    }

    /// Ends a response head.
    mutating func endHead(keepsAlive: Bool) {
        if !keepsAlive { self.writeStaticString("Connection: close\r\n") }
        self.writeStaticString("\r\n")
    }
}
