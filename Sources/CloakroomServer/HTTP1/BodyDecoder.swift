import CloakroomCrypto
import CloakroomDomain
import NIOCore

/// Takes a body out of the bytes of a connection by its framing (RFC 9112 §6 and §7).
struct BodyDecoder {
    /// The framing is broken: where the next request begins is unknown.
    struct Malformed: Error, Hashable {
        let reason: String
    }

    private enum State {
        case fixed(remaining: Int64)
        case chunkSize
        case chunkData(remaining: Int64)
        case chunkEnd
        case trailer
        case ended
    }

    /// The most bytes in a chunk's size line or in all trailer lines together.
    private static let maximumLineLength = 4_096
    /// 15 hexadecimal digits: more than any file, and no overflow.
    private static let maximumSizeDigits = 15

    private var state: State
    private var trailerBytes = 0
    /// The lines of the trailers, without their CR LF.
    private(set) var trailerLines: [[UInt8]] = []

    init(_ framing: RequestHead.Framing) {
        switch framing {
        case .none, .length(0): self.state = .ended
        case .length(let count): self.state = .fixed(remaining: count)
        case .chunked: self.state = .chunkSize
        }
    }

    /// Whether the whole body has been taken.
    var isComplete: Bool {
        if case .ended = self.state { true } else { false }
    }

    /// Returns some bytes of the body, read from the connection's; `nil` where more has to arrive, or the body is
    /// complete.
    mutating func next(_ buffer: inout ByteBuffer) throws(Malformed) -> ByteBuffer? {
        while true {
            switch self.state {
            case .ended:
                return nil
            case .fixed(let remaining):
                guard let slice = Self.take(&buffer, atMost: remaining) else { return nil }
                let rest = remaining - Int64(slice.readableBytes)
                self.state = rest == 0 ? .ended : .fixed(remaining: rest)
                return slice
            case .chunkData(let remaining):
                guard let slice = Self.take(&buffer, atMost: remaining) else { return nil }
                let rest = remaining - Int64(slice.readableBytes)
                self.state = rest == 0 ? .chunkEnd : .chunkData(remaining: rest)
                return slice
            case .chunkSize, .chunkEnd, .trailer:
                guard let line = try Self.line(&buffer) else { return nil }
                try self.advance(line)
            }
        }
    }

    private mutating func advance(_ line: [UInt8]) throws(Malformed) {
        switch self.state {
        case .chunkSize:
            let size = try Self.chunkSize(line)
            self.state = size == 0 ? .trailer : .chunkData(remaining: size)
        case .chunkEnd:
            guard line.isEmpty else { throw Malformed(reason: "a chunk is longer than its size says") }
            self.state = .chunkSize
        case .trailer:
            self.trailerBytes += line.count
            guard self.trailerBytes <= Self.maximumLineLength else {
                throw Malformed(reason: "the trailers are too long")
            }
            if line.isEmpty {
                self.state = .ended
            } else {
                // A line that is not a field could be the next request to another reader (RFC 9112 §7.1.2).
                guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > 0,
                    line[..<colon].allSatisfy(HTTPCharacter.isToken),
                    line[colon...].allSatisfy(HTTPCharacter.isFieldValue)
                else { throw Malformed(reason: "a trailer is not a valid field") }
                self.trailerLines.append(line)
            }
        case .fixed, .chunkData, .ended:
            break
        }
    }

    private static func take(_ buffer: inout ByteBuffer, atMost limit: Int64) -> ByteBuffer? {
        let count = Int(min(limit, Int64(buffer.readableBytes)))
        return count > 0 ? buffer.readSlice(length: count) : nil
    }

    /// Takes a line without its CR LF, or `nil` where its end has not arrived.
    private static func line(_ buffer: inout ByteBuffer) throws(Malformed) -> [UInt8]? {
        let view = buffer.readableBytesView
        guard let end = view.firstIndex(of: 0x0A) else {
            guard view.count <= Self.maximumLineLength else { throw Malformed(reason: "a chunk's line is too long") }
            return nil
        }
        let line = view[view.startIndex..<end]
        guard line.last == 0x0D, !line.dropLast().contains(0x0D), line.count <= Self.maximumLineLength else {
            throw Malformed(reason: "a chunk's line does not end in CR LF")
        }
        buffer.moveReaderIndex(to: end + 1)
        return Array(line.dropLast())
    }

    /// chunk-size [ chunk-ext ]; extensions are ignored (RFC 9112 §7.1.1).
    private static func chunkSize(_ line: [UInt8]) throws(Malformed) -> Int64 {
        let digits = line.prefix { Hexadecimal.value(of: $0) != nil }
        let rest = line[digits.endIndex...].drop(while: HTTPCharacter.isWhitespace)
        guard (1...Self.maximumSizeDigits).contains(digits.count), rest.isEmpty || rest.first == UInt8(ascii: ";"),
            rest.allSatisfy(HTTPCharacter.isFieldValue)
        else { throw Malformed(reason: "a chunk has no valid size") }
        return Int64(String(decoding: digits, as: UTF8.self), radix: 16) ?? 0
    }
}
