import NIOHTTP1

/// Heads that the API does not serve; the statuses are those of the storage origin, but for a version that is no 1.x:
/// the parser does not tell it from one that is malformed.
extension APIError {
    /// Maps what the API's parser, or the guard behind it, rejects.
    init(_ error: RequestHeadError) {
        switch error {
        case .malformed(let reason): self = .invalid("request", reason)
        case .tooLarge: self = .headTooLarge
        case .unsupportedVersion: self = .invalid("request", "must be HTTP/1.1 or HTTP/1.0")
        case .unsupportedTransferCoding: self = .transferCodingUnsupported
        case .unsupportedExpectation: self = .expectationFailed
        }
    }
}

extension RequestHeadError {
    /// Maps what the API's parser rejects.
    init(_ error: HTTPParserError) {
        switch error {
        case .headerOverflow: self = .tooLarge
        case .invalidVersion: self = .unsupportedVersion
        case .invalidURL:
            self = .malformed("must have a target in ASCII: percent-encode every other character, and a space as %20")
        case .invalidMethod: self = .malformed("must begin with a method in capitals, like GET, and a space")
        case .invalidContentLength: self = .malformed("must have a Content-Length of digits alone, less than 2^63")
        case .unexpectedContentLength:
            self = .malformed("must have one Content-Length at most, and none beside Transfer-Encoding")
        case .invalidHeaderToken: self = .malformed("must have header fields \"name: value\" (RFC 9112 §5)")
        default: self = .malformed("must be HTTP/1.1 (RFC 9112)")
        }
    }
}
