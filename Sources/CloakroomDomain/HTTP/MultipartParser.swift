/// Reads a `multipart/form-data` body in chunks of any size (RFC 7578, RFC 2046 §5.1); a pure state machine.
///
/// The contents of parts are not copied: they are ranges of the chunk at hand. Only the beginning of what may become a
/// delimiter is kept from one chunk to the next, at most the boundary's length and 5 bytes.
///
/// Lines end with CR LF. A line feed alone is rejected where a line has to end, rather than read in two ways.
package struct MultipartParser: Sendable {
    /// What the body has next.
    package enum Event: Hashable, Sendable {
        /// A part begins.
        case partBegan(MultipartPart)
        /// Contents of the part: these offsets of the chunk, never empty.
        case bytes(Range<Int>)
        /// Contents of the part that came with earlier chunks and could have been a delimiter.
        case heldBytes([UInt8])
        /// The part is complete.
        case partEnded
        /// The closing delimiter is complete; what follows it is ignored.
        case ended
    }

    /// The most bytes before the first delimiter.
    package static let maximumPreambleLength = 8_192
    /// The most spaces and tabs after a delimiter.
    package static let maximumPaddingLength = 64

    private enum State {
        case preamble(length: Int)
        case padding(length: Int, hasCarriageReturn: Bool)
        case headers
        case body
        /// The last part has ended; that the form has, is told next.
        case closed
        case epilogue
        case failed(MultipartError)
    }

    private let boundary: MultipartBoundary
    private var delimiter: MultipartDelimiter
    private var headers = MultipartHeaders()
    private var state: State = .preamble(length: 0)

    /// Begins before the first byte of a body.
    package init(boundary: MultipartBoundary) {
        self.boundary = boundary
        self.delimiter = MultipartDelimiter(boundary)
    }

    /// Reads up to the next event.
    ///
    /// - Parameters:
    ///   - chunk: The chunk at hand, the same until `nil` is returned.
    ///   - offset: Where to read on, from 0 for each chunk; it is moved past what was read.
    /// - Returns: The event, or `nil` where the chunk has no more of them: then `offset` is its length.
    /// - Throws: ``MultipartError``; after that the same again.
    package mutating func next(in chunk: RawSpan, from offset: inout Int) throws(MultipartError) -> Event? {
        do throws(MultipartError) {
            return try self.advance(in: chunk, from: &offset)
        } catch {
            self.state = .failed(error)
            throw error
        }
    }

    /// Takes note of the body's end.
    ///
    /// - Throws: ``MultipartError/noClosingDelimiter(boundary:)`` where a part had begun,
    ///   ``MultipartError/noDelimiter(boundary:)`` where none had, and what ``next(in:from:)`` threw.
    package func finish() throws(MultipartError) {
        switch self.state {
        case .closed, .epilogue: return
        case .preamble: throw .noDelimiter(boundary: self.boundary.text)
        case .padding, .headers, .body: throw .noClosingDelimiter(boundary: self.boundary.text)
        case .failed(let error): throw error
        }
    }

    private mutating func advance(in chunk: RawSpan, from offset: inout Int) throws(MultipartError) -> Event? {
        while true {
            switch self.state {
            case .preamble(let length):
                switch self.delimiter.next(in: chunk, from: &offset) {
                case .content(let range): try self.skip(range.count, after: length)
                case .heldContent(let bytes): try self.skip(bytes.count, after: length)
                case .delimiter(let ending): try self.pass(ending)
                case .incomplete: return nil
                }
            case .body:
                switch self.delimiter.next(in: chunk, from: &offset) {
                case .content(let range): return .bytes(range)
                case .heldContent(let bytes): return .heldBytes(bytes)
                case .delimiter(let ending):
                    try self.pass(ending)
                    return .partEnded
                case .incomplete: return nil
                }
            case .padding(let length, let hasCarriageReturn):
                guard offset < chunk.byteCount else { return nil }
                let byte = chunk.byte(at: offset)
                offset += 1
                self.state = try Self.pad(byte, after: length, hasCarriageReturn)
            case .headers:
                guard let part = try self.headers.next(in: chunk, from: &offset) else { return nil }
                // A part may have no contents at all: the empty line's end is the delimiter's then (RFC 2046 §5.1.1).
                self.delimiter.beginLine()
                self.state = .body
                return .partBegan(part)
            case .closed:
                self.state = .epilogue
                return .ended
            case .epilogue:
                offset = chunk.byteCount
                return nil
            case .failed(let error):
                throw error
            }
        }
    }

    private mutating func skip(_ count: Int, after length: Int) throws(MultipartError) {
        guard length + count <= Self.maximumPreambleLength else {
            throw .preambleTooLong(maximum: Self.maximumPreambleLength)
        }
        self.state = .preamble(length: length + count)
    }

    private mutating func pass(_ ending: MultipartDelimiter.Ending) throws(MultipartError) {
        switch ending {
        case .lineEnd: self.state = .headers
        case .padding: self.state = .padding(length: 1, hasCarriageReturn: false)
        case .close: self.state = .closed
        case .lineFeed: throw .bareLineFeed
        }
    }

    /// Takes a byte of `transport-padding CRLF`, after the first space or tab.
    private static func pad(
        _ byte: UInt8, after length: Int, _ hasCarriageReturn: Bool
    ) throws(MultipartError) -> State {
        switch byte {
        case UInt8(ascii: "\n") where hasCarriageReturn: return .headers
        case UInt8(ascii: "\n"): throw .bareLineFeed
        case UInt8(ascii: "\r") where !hasCarriageReturn: return .padding(length: length, hasCarriageReturn: true)
        case UInt8(ascii: " "), UInt8(ascii: "\t"):
            guard !hasCarriageReturn, length < Self.maximumPaddingLength else { throw .malformedDelimiterLine }
            return .padding(length: length + 1, hasCarriageReturn: false)
        default: throw .malformedDelimiterLine
        }
    }
}
