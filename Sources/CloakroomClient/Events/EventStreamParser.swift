import CloakroomDomain
import NIOCore

/// Reads `text/event-stream` as it comes in parts (WHATWG HTML §9.2.5 and §9.2.6).
///
/// Lines are decoded when they are complete, so parts may end anywhere. An event and the line that is being read have up
/// to ``maximumLength`` bytes.
struct EventStreamParser: Sendable {
    /// What a stream says.
    enum Item: Hashable, Sendable {
        /// An event, with the last id that was sent with it or before it; empty where there was none.
        case event(type: String, data: String, id: String)
        /// An id without an event: the place that the stream has reached.
        case place(id: String)
        /// How long to wait before connecting again.
        case retry(Duration)
    }

    /// An event or a line is too long.
    struct TooLong: Error, Hashable, Sendable {}

    /// The longest event, in bytes.
    static let maximumLength = 64 * 1_024

    private static let lineFeed = UInt8(ascii: "\n")
    private static let carriageReturn = UInt8(ascii: "\r")
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    private var line: [UInt8] = []
    private var data: [UInt8] = []
    private var type = ""
    private var id = ""
    private var hasNewID = false
    private var isFirstLine = true
    /// Whether a line feed that comes next belongs to the line end before it.
    private var followsCarriageReturn = false

    /// Takes bytes from the front of a part up to the end of an item; `nil` where all were taken and none is complete.
    mutating func next(from part: inout ByteBuffer) throws(TooLong) -> Item? {
        while let first = part.readableBytesView.first {
            if self.followsCarriageReturn {
                self.followsCarriageReturn = false
                if first == Self.lineFeed {
                    part.moveReaderIndex(forwardBy: 1)
                    continue
                }
            }
            let bytes = part.readableBytesView
            let end = bytes.firstIndex { $0 == Self.lineFeed || $0 == Self.carriageReturn }
            let rest = bytes[..<(end ?? bytes.endIndex)]
            guard self.data.count + self.line.count + rest.count <= Self.maximumLength else { throw TooLong() }
            self.line.append(contentsOf: rest)
            part.moveReaderIndex(forwardBy: rest.count)
            guard let end else { return nil }
            part.moveReaderIndex(forwardBy: 1)
            self.followsCarriageReturn = bytes[end] == Self.carriageReturn
            if let item = self.endLine() { return item }
        }
        return nil
    }

    private mutating func endLine() -> Item? {
        defer { self.line.removeAll(keepingCapacity: true) }
        var line = self.line[...]
        if self.isFirstLine {
            self.isFirstLine = false
            if line.starts(with: Self.byteOrderMark) { line = line.dropFirst(Self.byteOrderMark.count) }
        }
        guard !line.isEmpty else { return self.endBlock() }
        let colon = line.firstIndex(of: UInt8(ascii: ":"))
        var value = line[(colon ?? line.endIndex)...].dropFirst()
        if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
        // A comment is a field without a name.
        return self.field(String(decoding: line[..<(colon ?? line.endIndex)], as: UTF8.self), value)
    }

    private mutating func field(_ name: String, _ value: ArraySlice<UInt8>) -> Item? {
        switch name {
        case "event": self.type = String(decoding: value, as: UTF8.self)
        case "data":
            self.data.append(contentsOf: value)
            self.data.append(Self.lineFeed)
        case "id" where !value.contains(0):
            self.id = String(decoding: value, as: UTF8.self)
            self.hasNewID = true
        case "retry": return DecimalDigits.value(of: value).map { .retry(.milliseconds($0)) }
        default: break
        }
        return nil
    }

    /// Ends a block: an event, if there was data.
    private mutating func endBlock() -> Item? {
        defer {
            self.data.removeAll(keepingCapacity: true)
            self.type = ""
            self.hasNewID = false
        }
        guard !self.data.isEmpty else { return self.hasNewID ? .place(id: self.id) : nil }
        return .event(
            type: self.type.isEmpty ? "message" : self.type,
            data: String(decoding: self.data.dropLast(), as: UTF8.self), id: self.id)
    }
}
