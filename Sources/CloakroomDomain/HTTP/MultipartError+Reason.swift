extension MultipartError {
    /// The field of the request that is wrong: `Content-Type` or `body`.
    package var field: String {
        if case .boundary = self { "Content-Type" } else { "body" }
    }

    /// What is wrong, what was received and what is allowed; to be read after ``field``.
    package var reason: String {
        switch self {
        case .boundary(let fault): fault.reason
        case .preambleTooLong(let maximum):
            "must begin with the delimiter of the form, after \(maximum) other bytes at most"
        case .noDelimiter(let boundary):
            "must be a form: it has no line --\(boundary), as the boundary in Content-Type announces"
        case .noClosingDelimiter(let boundary):
            "must end with the closing delimiter --\(boundary)--; it ended before that"
        case .malformedDelimiterLine:
            "must have CR LF after a delimiter, with \(MultipartParser.maximumPaddingLength) spaces at most before it"
        case .bareLineFeed:
            "must have CR LF at the end of each delimiter and header field; it has a line feed alone"
        case .headersTooLong(let maximum):
            "must have \(maximum) bytes of header fields a part at most"
        case .tooManyHeaders(let maximum):
            "must have \(maximum) header fields a part at most"
        case .malformedHeader(let received):
            "must have header fields \"name: value\" in each part, on one line each; it has \(Self.quote(received))"
        case .controlCharacter(let byte):
            "must have no control characters in header fields of a part; it has U+00\(Self.hexadecimal(byte))"
        case .headerNotUTF8:
            "must have header fields of a part in UTF-8"
        case .repeatedHeader(let name):
            "must have \(name) once in each part; a part has it twice"
        case .missingDisposition:
            "must have a Content-Disposition in each part; a part has none"
        case .malformedDisposition(let received):
            "must have Content-Disposition: form-data; name=\"…\" in each part; it has \(Self.quote(received))"
        case .notFormData(let received):
            "must have parts with Content-Disposition: form-data; it has \(Self.quote(received))"
        case .repeatedParameter(let name):
            "must have each parameter of a Content-Disposition once; it has \(Self.quote(name)) twice"
        case .extendedParameter(let name, let received):
            "must have \(Self.quote(name)) of a Content-Disposition as UTF-8''…, percent-encoded; it has \(Self.quote(received))"
        case .missingName:
            "must have a name in the Content-Disposition of each part; a part has none"
        case .transferEncoding(let part, let received):
            "must have parts as they are, or with Content-Transfer-Encoding 7bit, 8bit or binary; \(Self.quote(part)) has \(Self.quote(received))"
        case .contentEncoding(let part, let received):
            "must have parts without Content-Encoding; \(Self.quote(part)) has \(Self.quote(received))"
        case .nested(let part, let received):
            "must have no multipart within a part; \(Self.quote(part)) is \(Self.quote(received))"
        }
    }

    /// The beginning of what was received, in quotation marks; by scalars, of which a character may have any number.
    static func quote(_ text: String) -> String {
        "\"\(String(String.UnicodeScalarView(text.unicodeScalars.prefix(64))))\""
    }

    private static func hexadecimal(_ byte: UInt8) -> String {
        (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
    }
}

extension MultipartError.BoundaryFault {
    /// What is wrong, what was received and what is allowed.
    fileprivate var reason: String {
        let maximum = MultipartBoundary.maximumLength
        return switch self {
        case .missing:
            "must have a boundary: multipart/form-data; boundary=…. Let the HTTP library set the field"
        case .repeated:
            "must have one boundary; it has two"
        case .tooLong(let length):
            "must have a boundary of 1 to \(maximum) characters; it has \(length)"
        case .malformed(let received):
            "must have a boundary of letters, digits and '()+_,-./:=?; received \(MultipartError.quote(received))"
        }
    }
}
