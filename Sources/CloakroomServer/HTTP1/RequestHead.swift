import CloakroomDomain

/// A parsed request head, and how the body after it is delimited.
struct RequestHead: Sendable {
    /// How the body is delimited (RFC 9112 §6.3).
    enum Framing: Hashable, Sendable {
        case none
        /// `Content-Length`, in bytes; 0 where it says so.
        case length(Int64)
        case chunked
    }

    /// The head as received.
    let request: ReceivedRequest
    let framing: Framing
    /// Whether the client keeps the connection open after the response (RFC 9112 §9.3).
    let keepsAlive: Bool
    /// Whether the client waits for `100 Continue` (RFC 9110 §10.1.1).
    let expectsContinue: Bool

    /// Whether bytes of a body follow.
    var hasBody: Bool { self.framing != .none && self.framing != .length(0) }
}

/// Why a head is rejected; each of these ends the connection, because its framing cannot be trusted any more.
enum RequestHeadError: Error, Hashable, Sendable {
    /// The head is not what RFC 9112 allows; the text says in what.
    case malformed(String)
    /// The head is larger than ``HTTPHeadParser/maximumLength``.
    case tooLarge
    /// Another major version than 1.
    case unsupportedVersion
    /// A transfer coding other than `chunked`.
    case unsupportedTransferCoding
    /// An expectation other than `100-continue`.
    case unsupportedExpectation
}
