import CloakroomDomain
import CloakroomStore

/// An error response of the storage origin: S3's code, its status, and what the client may know.
struct StorageRejection: Error, Hashable, Sendable {
    let status: HTTPStatus
    let code: String
    let message: String
    /// Further elements of the error document, in order.
    let details: [Detail]
    /// Further header fields, names and values ready for the wire.
    let fields: [Detail]
    /// What goes to the log and to nobody else.
    let internalReason: String?

    struct Detail: Hashable, Sendable {
        let name: String
        let value: String

        init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    init(
        _ status: HTTPStatus, _ code: String, _ message: String, _ details: [Detail] = [], fields: [Detail] = [],
        internalReason: String? = nil
    ) {
        self.status = status
        self.code = code
        self.message = message
        self.details = details
        self.fields = fields
        self.internalReason = internalReason
    }

    private init(failed reason: String) {
        self.init(
            .internalServerError, "InternalError", "The storage failed; nothing was changed.", internalReason: reason)
    }

    /// What was expected of a part of a request, and what was received.
    static func mismatch(_ element: String, _ expected: String, _ received: String) -> [Detail] {
        [Detail("Mismatch", element), Detail("Expected", expected), Detail("Received", received)]
    }
}

extension StorageRejection {
    /// Maps what the head parser rejects.
    init(_ error: RequestHeadError) {
        switch error {
        case .malformed(let reason):
            self.init(.badRequest, "BadRequest", "The request is not valid HTTP/1.1: \(reason).")
        case .tooLarge:
            self.init(
                .requestHeaderFieldsTooLarge, "RequestHeaderSectionTooLarge",
                "The head of the request is larger than \(HTTPHeadParser.maximumLength) bytes or has more than \(HTTPHeadParser.maximumFieldCount) fields."
            )
        case .unsupportedVersion:
            self.init(.httpVersionNotSupported, "HTTPVersionNotSupported", "Only HTTP/1.1 and HTTP/1.0 are supported.")
        case .unsupportedTransferCoding:
            self.init(.notImplemented, "NotImplemented", "The only supported transfer coding is chunked.")
        case .unsupportedExpectation:
            self.init(.expectationFailed, "ExpectationFailed", "The only supported expectation is 100-continue.")
        }
    }

    /// Maps what the storage reports.
    init(_ error: StorageError) {
        switch error {
        case .notFound:
            self.init(.notFound, "NoSuchKey", "The file does not exist.")
        case .alreadySealed:
            self.init(.conflict, "UploadAlreadyCompleted", "The file has already been uploaded with different bytes.")
        case .wrongLength(let expected, let received):
            self = .lengthMismatch(expected: expected, received: received)
        case .badDigest(let digest):
            let isPayload = digest.field == "x-amz-content-sha256"
            self.init(
                .badRequest, isPayload ? "XAmzContentSHA256Mismatch" : "BadDigest",
                "The digest of the received bytes does not match \(digest.field).",
                [
                    Detail("Field", digest.field), Detail("Expected", digest.expected),
                    Detail("Received", digest.received),
                ])
        case .urlRevoked:
            self.init(.forbidden, "AccessDenied", "The URL has been revoked.")
        case .quotaExceeded, .idempotencyKeyReused:
            self.init(failed: "an upload to a declared file was rejected as a new one: \(error)")
        case .full:
            self.init(.insufficientStorage, "InsufficientStorage", "The storage is full; reads and deletions work.")
        case .writesRejected(let reason):
            self.init(
                .serviceUnavailable, "ServiceUnavailable", "The storage does not accept uploads at the moment.",
                internalReason: reason)
        case .damaged, .cancelled: self.init(failed: "\(error)")
        case .failed(let reason): self.init(failed: reason)
        }
    }

    /// Maps whatever responding to a request can throw.
    static func of(_ error: any Error) -> StorageRejection {
        switch error {
        case let rejection as StorageRejection: rejection
        case let error as StorageError: StorageRejection(error)
        default: StorageRejection(.failed("\(error)"))
        }
    }

    /// Maps what is wrong with the checksums of an upload.
    init(_ error: ChecksumError) {
        let (status, code): (HTTPStatus, String) =
            switch error {
            case .malformed: (.badRequest, "InvalidDigest")
            case .unsupported: (.notImplemented, "NotImplemented")
            // S3's code for trailing data that is not as announced.
            case .trailerWithoutChunks, .trailerMissing, .trailerUnannounced: (.badRequest, "MalformedTrailerError")
            }
        self.init(status, code, "\(error.field) \(error.reason).", [Detail("Field", error.field)])
    }

    /// A condition of an upload is false.
    static func preconditionFailed(_ field: String) -> StorageRejection {
        let reason =
            switch field {
            case "If-None-Match": "the file has already been uploaded, and If-None-Match names its ETag or is *"
            case "If-Match": "the file has not been uploaded yet, or If-Match does not name its ETag"
            default: "the file was uploaded after \(field)"
            }
        return StorageRejection(
            .preconditionFailed, "PreconditionFailed", "A condition is false: \(reason).", [Detail("Condition", field)])
    }

    /// The length that arrived, or was announced, is not the declared one.
    static func lengthMismatch(expected: Int64, received: Int64?) -> StorageRejection {
        StorageRejection(
            .badRequest, "ContentLengthMismatch", "The length of the body does not match the declared size_bytes.",
            self.mismatch("content-length", "\(expected)", received.map { "\($0)" } ?? "none"))
    }

    /// The media type that arrived is not the declared one.
    static func typeMismatch(expected: String, received: String?) -> StorageRejection {
        StorageRejection(
            .badRequest, "ContentTypeMismatch", "The Content-Type does not match the declared content_type.",
            self.mismatch("content-type", expected, received ?? "none"))
    }

    /// The body is encoded: its bytes would not be those of the file.
    static func encoded(_ received: String) -> StorageRejection {
        // The field is that of RFC 9110 §15.5.16.
        StorageRejection(
            .unsupportedMediaType, "UnsupportedContentEncoding",
            "The body must not be encoded: send it without Content-Encoding.",
            [Detail("Expected", "identity"), Detail("Received", received)],
            fields: [Detail("Accept-Encoding", "identity")])
    }

    /// The client's address has as many connections as it may have.
    static func slowDown(limit: Int) -> StorageRejection {
        StorageRejection(
            .serviceUnavailable, "SlowDown", "The client address has exceeded its limit of \(limit) connections.",
            fields: [Detail("Retry-After", "1")])
    }

    /// As many requests wait for rows as may on an event loop.
    static let tooManyLookUps = StorageRejection(
        .serviceUnavailable, "SlowDown", "Too many requests are waiting for the database. Try again.",
        fields: [Detail("Retry-After", "1")])

    /// The range of a GET begins behind the file's end.
    static func invalidRange(_ size: ByteCount) -> StorageRejection {
        StorageRejection(
            .rangeNotSatisfiable, "InvalidRange", "The range is outside the file.",
            [Detail("ActualObjectSize", "\(size)")], fields: [Detail("Content-Range", "bytes */\(size)")])
    }

    /// The body is over the limit for files.
    static func tooLarge(maximum: ByteCount, received: Int64) -> StorageRejection {
        StorageRejection(
            .contentTooLarge, "EntityTooLarge", "The body is larger than the maximum file size.",
            [Detail("MaxSizeAllowed", "\(maximum)"), Detail("ProposedSize", "\(received)")])
    }
}
