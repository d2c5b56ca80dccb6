import NIOCore

/// A JSON value on its way out, its members in the order in which the documentation names them.
enum JSONOutput: Sendable {
    case null
    case boolean(Bool)
    case integer(Int64)
    case string(String)
    case array([JSONOutput])
    case object([(name: String, value: JSONOutput)])
    /// A JSON text, which is written as it is.
    case text([UInt8])

    /// A string, or null for none.
    static func optional(_ text: String?) -> JSONOutput {
        text.map { .string($0) } ?? .null
    }

    /// The value as UTF-8 (RFC 8259), followed by a line feed.
    var line: [UInt8] {
        var buffer = ByteBuffer()
        self.write(into: &buffer)
        buffer.writeStaticString("\n")
        return Array(buffer.readableBytesView)
    }

    /// Appends the value as UTF-8 (RFC 8259).
    func write(into buffer: inout ByteBuffer) {
        switch self {
        case .null: buffer.writeStaticString("null")
        case .boolean(let value): buffer.writeStaticString(value ? "true" : "false")
        case .integer(let value): buffer.writeString("\(value)")
        case .string(let text): Self.write(text, into: &buffer)
        case .array(let elements):
            buffer.writeStaticString("[")
            for (index, element) in elements.enumerated() {
                if index > 0 { buffer.writeStaticString(",") }
                element.write(into: &buffer)
            }
            buffer.writeStaticString("]")
        case .object(let members):
            buffer.writeStaticString("{")
            for (index, member) in members.enumerated() {
                if index > 0 { buffer.writeStaticString(",") }
                Self.write(member.name, into: &buffer)
                buffer.writeStaticString(":")
                member.value.write(into: &buffer)
            }
            buffer.writeStaticString("}")
        case .text(let bytes): buffer.writeBytes(bytes)
        }
    }

    private static func write(_ text: String, into buffer: inout ByteBuffer) {
        buffer.writeStaticString("\"")
        if text.utf8.contains(where: { $0 < 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }) {
            for byte in text.utf8 { Self.writeEscaped(byte, into: &buffer) }
        } else {
            buffer.writeString(text)
        }
        buffer.writeStaticString("\"")
    }

    private static func writeEscaped(_ byte: UInt8, into buffer: inout ByteBuffer) {
        switch byte {
        case UInt8(ascii: "\""): buffer.writeStaticString("\\\"")
        case UInt8(ascii: "\\"): buffer.writeStaticString("\\\\")
        case 0..<0x20: buffer.writeString("\\u00" + (byte < 0x10 ? "0" : "") + String(byte, radix: 16))
        default: buffer.writeInteger(byte)
        }
    }
}
