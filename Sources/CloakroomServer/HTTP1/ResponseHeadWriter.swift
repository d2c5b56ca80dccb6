import CloakroomDomain

/// Writes response heads of the storage origin: what every answer carries, and what the caller adds.
///
/// One for each event loop: what does not change within a second is kept as bytes.
struct ResponseHeadWriter {
    /// Fields of every answer: no sniffing, no referrer, and any page may read it.
    private static let commonFields = """
        X-Content-Type-Options: nosniff\r
        Referrer-Policy: no-referrer\r
        Cross-Origin-Resource-Policy: cross-origin\r
        Access-Control-Allow-Origin: *\r
        Access-Control-Expose-Headers: *\r\n
        """

    private var second: Timestamp?
    /// From the status line's end to the request id.
    private var common: [UInt8] = []

    /// Writes the status line and the common fields; the caller appends its own and ends the head.
    ///
    /// - Parameters:
    ///   - status: The status.
    ///   - requestID: The request's id.
    ///   - now: For the `Date` field.
    ///   - content: What is sent, which decides on the policy.
    ///   - buffer: Where to write.
    mutating func begin(
        _ status: HTTPStatus, requestID: RequestID, now: Timestamp, content: ContentKind, into buffer: ResponseBuffer
    ) {
        if self.second != now {
            self.second = now
            self.common = Array("\r\nDate: \(now.imfFixdate)\r\n\(Self.commonFields)x-amz-request-id: ".utf8)
        }
        if status == .ok {
            buffer.write(literal: "HTTP/1.1 200 OK")
        } else {
            buffer.write(literal: "HTTP/1.1 ")
            buffer.write(decimal: status.rawValue)
            buffer.write(literal: " ")
            buffer.write(literal: status.reason)
        }
        buffer.write(self.common)
        buffer.write(atMost: 16) { requestID.writeText(into: $0) }
        buffer.write(literal: "\r\n")
        buffer.write(literal: content.policy)
    }
}
