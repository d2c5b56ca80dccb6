import Testing

@testable import CloakroomServer

/// What the head parser makes of a text.
enum ParsedHead {
    /// The head and the number of bytes it took, or `nil` where its end has not arrived.
    static func parse(_ text: String) throws -> (head: RequestHead, length: Int)? {
        let bytes = Array(text.utf8)
        let outcome = try bytes.withUnsafeBytes { try HTTPHeadParser.parse($0) }
        switch outcome {
        case .incomplete: return nil
        case .head(let head, let length): return (head, length)
        }
    }

    /// A head that is complete.
    static func complete(_ text: String) throws -> RequestHead {
        let parsed = try Self.parse(text)
        return try #require(parsed).head
    }

    /// Lines joined as a head, each ended by CR LF, with the empty line at the end.
    static func lines(_ lines: String...) -> String {
        lines.map { "\($0)\r\n" }.joined() + "\r\n"
    }
}

/// What a head is rejected for, without the explanation.
enum HeadRejection: Hashable, Sendable {
    case malformed
    case tooLarge
    case version
    case transferCoding
    case expectation

    init(_ error: RequestHeadError) {
        switch error {
        case .malformed: self = .malformed
        case .tooLarge: self = .tooLarge
        case .unsupportedVersion: self = .version
        case .unsupportedTransferCoding: self = .transferCoding
        case .unsupportedExpectation: self = .expectation
        }
    }
}
