import CloakroomDomain
import CloakroomStorage

/// An error answer of the storage origin: S3's code, its status, and what the client may know.
struct StorageRefusal: Error, Hashable, Sendable {
    let status: HTTPStatus
    let code: String
    let message: String
    /// Further elements of the error document, in order.
    var details: [Detail] = []
    /// Further header fields, names and values ready for the wire.
    var fields: [Detail] = []
    /// What goes to the log and to nobody else.
    var internalReason: String?

    struct Detail: Hashable, Sendable {
        let name: String
        let value: String

        init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    init(_ status: HTTPStatus, _ code: String, _ message: String, _ details: [Detail] = []) {
        self.status = status
        self.code = code
        self.message = message
        self.details = details
    }
}

extension StorageRefusal {
    /// Maps what the head parser refuses.
    init(_ error: RequestHeadError) {
        switch error {
        case .malformed(let reason):
            self.init(.badRequest, "BadRequest", "The request is not valid HTTP/1.1: \(reason).")
        case .tooLarge:
            self.init(
                .requestHeaderFieldsTooLarge, "RequestHeaderSectionTooLarge",
                "The request's head is larger than \(HTTPHeadParser.maximumLength) bytes or has more than \(HTTPHeadParser.maximumFieldCount) fields."
            )
        case .unsupportedVersion:
            self.init(.httpVersionNotSupported, "HTTPVersionNotSupported", "Only HTTP/1.1 and HTTP/1.0 are served.")
        case .unsupportedTransferCoding:
            self.init(.notImplemented, "NotImplemented", "The only transfer coding is chunked.")
        case .unsupportedExpectation:
            self.init(.expectationFailed, "ExpectationFailed", "The only expectation is 100-continue.")
        }
    }

    /// Maps what the storage reports.
    init(_ error: StorageError) {
        switch error {
        case .notFound:
            self.init(.notFound, "NoSuchKey", "The file does not exist.")
        case .alreadySealed:
            self.init(.conflict, "UploadAlreadyCompleted", "The file has been uploaded with other bytes.")
        case .wrongLength(let expected, let received):
            self = .lengthMismatch(expected: expected, received: received)
        case .badDigest(let digest):
            let isPayload = digest.field == "x-amz-content-sha256"
            self.init(
                .badRequest, isPayload ? "XAmzContentSHA256Mismatch" : "BadDigest",
                "The bytes that arrived have another digest than \(digest.field) says.",
                [
                    Detail("Field", digest.field), Detail("Expected", digest.expected),
                    Detail("Received", digest.received),
                ])
        case .urlRevoked:
            self.init(.forbidden, "AccessDenied", "The URL has been revoked.")
        case .quotaExceeded, .idempotencyKeyReused:
            self.init(.internalServerError, "InternalError", "The storage failed; nothing was changed.")
            self.internalReason = "an upload to a declared file was refused as a new one: \(error)"
        case .full:
            self.init(.insufficientStorage, "InsufficientStorage", "The storage is full; reads and deletions go on.")
        case .writesRefused(let reason):
            self.init(.serviceUnavailable, "ServiceUnavailable", "The storage takes no uploads at present.")
            self.internalReason = reason
        case .failed(let reason):
            self.init(.internalServerError, "InternalError", "The storage failed; nothing was changed.")
            self.internalReason = reason
        }
    }

    /// The length that arrived, or was announced, is not the declared one.
    static func lengthMismatch(expected: Int64, received: Int64?) -> StorageRefusal {
        StorageRefusal(
            .badRequest, "ContentLengthMismatch", "The body's length is not the declared size_bytes.",
            [
                Detail("Mismatch", "content-length"), Detail("Expected", "\(expected)"),
                Detail("Received", received.map { "\($0)" } ?? "none"),
            ])
    }

    /// The media type that arrived is not the declared one.
    static func typeMismatch(expected: String, received: String?) -> StorageRefusal {
        StorageRefusal(
            .badRequest, "ContentTypeMismatch", "The Content-Type is not the declared content_type.",
            [
                Detail("Mismatch", "content-type"), Detail("Expected", expected),
                Detail("Received", received ?? "none"),
            ])
    }

    /// The client's address has as many connections as it may.
    static func slowDown(limit: Int) -> StorageRefusal {
        var refusal = StorageRefusal(
            .serviceUnavailable, "SlowDown", "The client's address may have \(limit) connections at a time.")
        refusal.fields = [Detail("Retry-After", "1")]
        return refusal
    }

    /// The body is over the limit for files.
    static func tooLarge(maximum: ByteCount, received: Int64) -> StorageRefusal {
        StorageRefusal(
            .contentTooLarge, "EntityTooLarge", "The body is larger than a file may be.",
            [Detail("MaxSizeAllowed", "\(maximum)"), Detail("ProposedSize", "\(received)")])
    }
}
