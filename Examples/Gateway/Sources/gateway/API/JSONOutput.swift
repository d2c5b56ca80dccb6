import NIOCore

/// A JSON value on its way out, its members in the order in which the documentation names them.
enum JSONOutput: Sendable {
    typealias Member = (name: String, value: JSONOutput)

    case integer(Int64)
    case string(String)
    case array([JSONOutput])
    case object([Member])
    /// A JSON text, which is written as it is.
    case text([UInt8])

    /// Appends the value as UTF-8 (RFC 8259).
    func write(into buffer: inout ByteBuffer) {
        switch self {
        case .integer(let value): buffer.writeString("\(value)")
        case .string(let text): Self.write(text, into: &buffer)
        case .array(let elements):
            buffer.writeString("[")
            for (index, element) in elements.enumerated() {
                if index > 0 { buffer.writeString(",") }
                element.write(into: &buffer)
            }
            buffer.writeString("]")
        case .object(let members):
            buffer.writeString("{")
            for (index, member) in members.enumerated() {
                if index > 0 { buffer.writeString(",") }
                Self.write(member.name, into: &buffer)
                buffer.writeString(":")
                member.value.write(into: &buffer)
            }
            buffer.writeString("}")
        case .text(let bytes): buffer.writeBytes(bytes)
        }
    }

    private static func write(_ text: String, into buffer: inout ByteBuffer) {
        buffer.writeString("\"")
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): buffer.writeString("\\\"")
            case UInt8(ascii: "\\"): buffer.writeString("\\\\")
            case 0..<0x20: buffer.writeString("\\u00" + (byte < 0x10 ? "0" : "") + String(byte, radix: 16))
            default: buffer.writeInteger(byte)
            }
        }
        buffer.writeString("\"")
    }
}
