/// Why a request's body is not a form; ``reason`` says it to people.
package enum MultipartError: Error, Hashable, Sendable {
    /// The `Content-Type` field gives no usable boundary.
    case boundary(BoundaryFault)
    /// The body does not begin with the delimiter, within so many bytes.
    case preambleTooLong(maximum: Int)
    /// The body ended and never had the delimiter.
    case noDelimiter(boundary: String)
    /// The body ended before the closing delimiter.
    case noClosingDelimiter(boundary: String)
    /// White space follows a delimiter and is too long, or is not followed by a line end.
    case malformedDelimiterLine
    /// A delimiter or a header field ends with a line feed alone.
    case bareLineFeed
    /// The header fields of a part have more bytes than this.
    case headersTooLong(maximum: Int)
    /// A part has more header fields than this.
    case tooManyHeaders(maximum: Int)
    /// A line among the header fields of a part is not `name: value`, or continues the line before.
    case malformedHeader(received: String)
    /// A header field of a part has a control character.
    case controlCharacter(UInt8)
    /// A header field of a part is not UTF-8.
    case headerNotUTF8
    /// A part has the header field twice.
    case repeatedHeader(name: String)
    /// A part has no `Content-Disposition`.
    case missingDisposition
    /// A part's `Content-Disposition` cannot be read.
    case malformedDisposition(received: String)
    /// A part's `Content-Disposition` is another than `form-data`.
    case notFormData(received: String)
    /// A `Content-Disposition` has the parameter twice.
    case repeatedParameter(name: String)
    /// A parameter such as `filename*` is not of the form `UTF-8''…` (RFC 8187 §3.2).
    case extendedParameter(name: String, received: String)
    /// A part has no name.
    case missingName
    /// A part has a `Content-Transfer-Encoding` that would have to be undone.
    case transferEncoding(part: String, received: String)
    /// A part has a `Content-Encoding` that would have to be undone.
    case contentEncoding(part: String, received: String)
    /// A part is itself a multipart.
    case nested(part: String, received: String)

    /// What is wrong with a boundary.
    package enum BoundaryFault: Hashable, Sendable {
        /// There is none.
        case missing
        /// There are two.
        case repeated
        /// It has more than ``MultipartBoundary/maximumLength`` bytes.
        case tooLong(length: Int)
        /// It is empty, ends with a space, has other characters, or the field cannot be read.
        case malformed(String)
    }
}
