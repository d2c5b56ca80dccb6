/// Why a request's presigned URL gives no ``Grant``, in the order of the checks.
public enum PresignedURLError: Error, Hashable, Sendable {
    /// None of the six `X-Amz-*` parameters is there.
    case notPresigned
    /// An `Authorization: AWS4-…` header stands beside the parameters.
    case twoMechanisms
    /// The parameters are those of signature version 2.
    case signatureVersion2
    /// One of the six is absent or empty.
    case missingParameter(String)
    /// An `X-Amz-*` parameter stands there twice.
    case repeatedParameter(String)
    /// Another algorithm than `AWS4-HMAC-SHA256`.
    case unsupportedAlgorithm(String)
    /// The credential has not five parts, or one is not as configured.
    case credential(CredentialFault)
    /// The date has not the form `yyyyMMdd'T'HHmmss'Z'`, or there is no such date.
    case malformedDate(String)
    /// The scope's day is not that of the date.
    case scopeDayMismatch(scope: String, date: String)
    /// The lifetime is no number of 1 to 6 digits.
    case malformedExpires(String)
    /// The lifetime is longer than the configured one, in seconds.
    case lifetimeTooLong(seconds: Int64, maximum: Int64)
    /// The URL's time is over.
    case expired(lifetimeSeconds: Int64, at: Timestamp, now: Timestamp)
    /// The URL's time is further ahead than clocks may differ.
    case notYetValid(from: Timestamp, now: Timestamp)
    /// No live signing key has this access key id.
    case unknownAccessKey(String)
    /// A session token came along; there are no sessions.
    case securityToken
    /// Headers that must be signed are not, or the list of signed headers is not in canonical form.
    case headersNotSigned([String])
    /// The signature is not that of this request; where one change makes it match, which.
    case signatureMismatch(Mismatch?)
    /// The signature matches but for the media type that arrived.
    case contentTypeMismatch(expected: MediaType, received: String?)
    /// The signature matches but for the length that arrived, in bytes.
    case contentLengthMismatch(expected: ByteCount, received: Int64?)
    /// The length that arrived, in bytes, is over the limit for files.
    case contentTooLarge(maximum: ByteCount, received: Int64)
    /// A body in signed chunks.
    case streamingPayload
    /// A parameter that is signed but means nothing here.
    case unsupportedParameter(String)
    /// A `response-*` parameter whose value cannot stand in a header.
    case malformedResponseHeader(String)
    /// The path names no file.
    case noSuchKey
    /// The path's bucket has no such method.
    case methodNotAllowed(allowed: [String])

    /// The part of a credential that is wrong.
    public enum CredentialFault: Hashable, Sendable {
        /// There are not five parts.
        case partCount(Int)
        /// The access key id is empty.
        case accessKeyID
        /// The day is not `yyyyMMdd`.
        case day(received: String)
        /// Another region.
        case region(received: String, expected: String)
        /// Another service.
        case service(received: String, expected: String)
        /// Another last part.
        case terminator(received: String, expected: String)
    }

    /// What makes a signature match when it is exchanged.
    public struct Mismatch: Hashable, Sendable {
        /// What it is.
        public enum Element: String, Hashable, Sendable {
            /// The method.
            case method
            /// The host.
            case host
        }

        /// What differs.
        public let element: Element
        /// What the service holds the request to.
        public let expected: String
        /// What arrived, or what the signer used.
        public let received: String
    }
}
