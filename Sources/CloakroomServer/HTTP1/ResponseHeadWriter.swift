import CloakroomDomain

/// Writes the start of response heads: the status line, the date, and fields that every response has.
///
/// One for each event loop: what does not change within a second is kept as bytes.
struct ResponseHeadWriter {
    private let fields: StaticString
    private var second: Timestamp?
    /// From the status line's end on: `Date` and the fields.
    private var common: [UInt8] = []

    /// Keeps fields, written behind `Date` as they are; a last line without its end is for the caller to complete.
    init(fields: StaticString) {
        self.fields = fields
    }

    /// Writes the start of a head; the caller appends its own fields and ends the head.
    mutating func begin(_ status: HTTPStatus, now: Timestamp, into buffer: ResponseBuffer) {
        if self.second != now {
            self.second = now
            self.common = Array("\r\nDate: \(now.imfFixdate)\r\n\(self.fields)".utf8)
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
    }
}
