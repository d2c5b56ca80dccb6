import CloakroomDomain
import CloakroomStore
import HTTPTypes

/// Everything that an operation of the API can answer instead of its result.
enum APIError: Error, Hashable, Sendable {
    /// Fields of the request are wrong: all of them at once.
    case invalid([FieldError])
    /// No key, or none that counts; which of these is not told.
    case unauthorized
    /// The key may not do this.
    case forbidden(String)
    case fileNotFound
    case filesNotFound([MissingFile])
    /// Files are of types that are not accepted; the types that are, where they are the same for all.
    case formatUnsupported([UnsupportedFile], accepted: [String]?)
    case keyNotFound
    case notFound
    case methodNotAllowed([String])
    /// A condition of the request does not hold.
    case preconditionFailed(String)
    /// The body comes with a checksum that cannot be checked.
    case checksumUnsupported(String)
    /// The head is larger than a head may be.
    case headTooLarge
    /// The body has a transfer coding other than `chunked`.
    case transferCodingUnsupported
    /// The client expects something other than `100-continue`.
    case expectationFailed
    /// A range lies outside the file, whose length in bytes this is.
    case rangeNotSatisfiable(ByteCount)
    /// The file has been uploaded already.
    case uploadAlreadyCompleted
    /// The idempotency key came with another request before.
    case idempotencyKeyReused
    /// The organization's quota has no room for the file.
    case quotaExceeded(Quota.Excess)
    /// The key has been used more often than this in a second.
    case rateLimited(Int)
    /// The key has as many requests as this under way.
    case concurrencyLimited(Int)
    /// The client's address has as many connections as this.
    case connectionsLimited(Int)
    /// As many requests as this wait for the organization's events.
    case waitsLimited(Int)
    /// As many requests as this wait for events.
    case tooManyWait(Int)
    /// Events behind the cursor may have been dropped, or been lost.
    case eventCursorGone
    /// The body is larger than this many bytes.
    case payloadTooLarge(Int64)
    /// The body is encoded (`Content-Encoding`), as here.
    case contentEncoded(String)
    case storageFull
    /// The storage takes no writes; the reason is for the log.
    case unavailable(String)
    /// A failure on our side; the reason is for the log.
    case internalError(String)

    struct FieldError: Hashable, Sendable {
        /// The field's name in the body, the query or the header.
        let field: String
        /// What is wrong, what was received and what is allowed.
        let reason: String
        /// Where in the field it is, where the field is any JSON.
        var pointer: JSONPointer?
    }

    /// A reference to a file that is not there.
    struct MissingFile: Hashable, Sendable {
        /// The reference as it was sent.
        let reference: String
        /// Where the input has it.
        var pointers: [JSONPointer]?
    }

    /// A file whose type is not accepted.
    struct UnsupportedFile: Hashable, Sendable {
        let file: String
        let mediaType: String
        /// Where the input has it and its type is not accepted.
        var pointers: [JSONPointer]?
        /// The types that are accepted there.
        var accepted: [String]?
    }

    static func invalid(_ field: String, _ reason: String) -> APIError {
        .invalid([FieldError(field: field, reason: reason)])
    }
}

extension APIError {
    /// Maps what the storage reports.
    init(_ error: StorageError) {
        switch error {
        case .notFound: self = .fileNotFound
        case .alreadySealed: self = .uploadAlreadyCompleted
        case .idempotencyKeyReused: self = .idempotencyKeyReused
        case .quotaExceeded(let excess): self = .quotaExceeded(excess)
        case .urlRevoked: self = .internalError("an owner's own right was revoked")
        case .wrongLength(let limit, let received) where received > limit: self = .payloadTooLarge(limit)
        case .wrongLength(let limit, let received):
            self = .invalid("body", "must have 1 to \(limit) bytes; it has \(received)")
        case .badDigest(let digest):
            self = .invalid(
                digest.field, "does not match the body: expected \(digest.expected), received \(digest.received)")
        case .full: self = .storageFull
        case .writesRejected(let reason): self = .unavailable(reason)
        case .damaged: self = .internalError("\(error)")
        case .cancelled: self = .unavailable("\(error)")
        case .failed(let reason): self = .internalError(reason)
        }
    }

    /// Maps what is wrong with the checksums of an upload.
    init(_ error: ChecksumError) {
        switch error {
        case .unsupported: self = .checksumUnsupported("\(error.field) \(error.reason).")
        case .malformed, .trailerWithoutChunks, .trailerMissing, .trailerUnannounced:
            self = .invalid(error.field, error.reason)
        }
    }

    /// Maps why a principal may not act.
    init(_ denial: Principal.Denial) {
        switch denial {
        case .missingPermission(let permission):
            self = .forbidden("The API key lacks the permission \(permission.rawValue).")
        case .missingOrganization:
            self = .invalid("X-Organization-ID", "is required with a gateway key")
        case .malformedOrganization(let received):
            self = .invalid("X-Organization-ID", "must be \(OrganizationID.rule); it is \"\(received)\"")
        case .foreignOrganization:
            self = .forbidden("The API key does not belong to the organization in X-Organization-ID.")
        case .notAGateway:
            self = .forbidden("This request requires a gateway key.")
        }
    }

    /// The status, the code and the message of the response; nothing internal is in any of them.
    var summary: (status: HTTPResponse.Status, code: String, message: String) {
        switch self {
        case .invalid(let fields):
            (
                .badRequest, "INPUT_VALIDATION_ERROR",
                fields.map { "\($0.field) \($0.reason)" }.joined(separator: "; ")
            )
        case .unauthorized: (.unauthorized, "UNAUTHORIZED", "The API key is missing or invalid.")
        case .forbidden(let message): (.forbidden, "FORBIDDEN", message)
        case .fileNotFound:
            (.notFound, "FILE_NOT_FOUND", "The file does not exist or belongs to another organization.")
        case .keyNotFound:
            (.notFound, "KEY_NOT_FOUND", "The key does not exist, is not active, or belongs to another organization.")
        case .filesNotFound:
            (
                .notFound, "FILE_NOT_FOUND",
                "Some files do not exist or belong to another organization; details.file_ids lists them."
            )
        case .formatUnsupported:
            (
                .unprocessableContent, "FILE_FORMAT_UNSUPPORTED",
                "Some files have a media type that is not accepted; details.files lists them."
            )
        case .notFound: (.notFound, "NOT_FOUND", "There is no such route.")
        case .methodNotAllowed(let allowed):
            (.methodNotAllowed, "METHOD_NOT_ALLOWED", "The route supports only \(allowed.joined(separator: ", ")).")
        case .preconditionFailed(let message): (.preconditionFailed, "PRECONDITION_FAILED", message)
        case .checksumUnsupported(let message): (.notImplemented, "CHECKSUM_UNSUPPORTED", message)
        case .headTooLarge:
            (
                .requestHeaderFieldsTooLarge, "REQUEST_HEAD_TOO_LARGE",
                "The head of the request must have at most \(HTTPHeadParser.maximumLength) bytes and \(HTTPHeadParser.maximumFieldCount) fields."
            )
        case .transferCodingUnsupported:
            (.notImplemented, "TRANSFER_CODING_UNSUPPORTED", "The only supported transfer coding is chunked.")
        case .expectationFailed:
            (.expectationFailed, "EXPECTATION_FAILED", "The only supported expectation is 100-continue.")
        case .rangeNotSatisfiable(let size):
            (.rangeNotSatisfiable, "RANGE_NOT_SATISFIABLE", "The range is outside the file, which has \(size) bytes.")
        case .uploadAlreadyCompleted:
            (.conflict, "UPLOAD_ALREADY_COMPLETED", "The file has already been uploaded.")
        case .idempotencyKeyReused:
            (.conflict, "IDEMPOTENCY_KEY_REUSED", "The Idempotency-Key was already used for a different request.")
        case .quotaExceeded(let excess):
            (
                .forbidden, "QUOTA_EXCEEDED",
                "The organization may store at most \(excess.limit) \(excess.resource). It stores \(excess.used), and this request adds \(excess.requested)."
            )
        case .rateLimited(let limit):
            (.tooManyRequests, "RATE_LIMITED", "The API key has exceeded its limit of \(limit) requests per second.")
        case .concurrencyLimited(let limit):
            (.tooManyRequests, "RATE_LIMITED", "The API key has exceeded its limit of \(limit) concurrent requests.")
        case .connectionsLimited(let limit):
            (.serviceUnavailable, "UNAVAILABLE", "The client address has exceeded its limit of \(limit) connections.")
        case .waitsLimited(let limit):
            (.tooManyRequests, "RATE_LIMITED", "The organization has exceeded its limit of \(limit) waiting requests.")
        case .tooManyWait(let limit):
            (.serviceUnavailable, "UNAVAILABLE", "The server has exceeded its limit of \(limit) waiting requests.")
        case .eventCursorGone:
            (
                .gone, "EVENT_CURSOR_GONE",
                "Events after the cursor were dropped, or the store was restored. List the files, and read on without a cursor."
            )
        case .payloadTooLarge(let limit):
            (.contentTooLarge, "PAYLOAD_TOO_LARGE", "The body is larger than \(limit) bytes.")
        case .contentEncoded(let received):
            (
                .unsupportedMediaType, "UNSUPPORTED_CONTENT_ENCODING",
                "The body must not be encoded: send it without Content-Encoding; it is \"\(received.excerpt)\"."
            )
        case .storageFull:
            (.init(code: 507, reasonPhrase: "Insufficient Storage"), "STORAGE_FULL", "The storage is full.")
        case .unavailable: (.serviceUnavailable, "UNAVAILABLE", "The storage does not accept writes at the moment.")
        case .internalError: (.internalServerError, "INTERNAL_ERROR", "The server failed to process the request.")
        }
    }

    /// Whether the response must not tell, by its time either, if what was asked for is there for somebody else.
    var hidesExistence: Bool {
        switch self {
        case .fileNotFound, .filesNotFound: true
        default: false
        }
    }

    /// Which limit of the key the request is over, as the metrics' label says it.
    var limitLabel: String? {
        switch self {
        case .rateLimited: "requests_per_second"
        case .concurrencyLimited: "concurrent_requests"
        case .waitsLimited: "waiting_requests"
        default: nil
        }
    }

    /// What goes to the log and to nobody else.
    var internalReason: String? {
        switch self {
        case .unavailable(let reason), .internalError(let reason): reason
        case .invalid, .unauthorized, .forbidden, .fileNotFound, .filesNotFound, .formatUnsupported, .keyNotFound,
            .notFound, .methodNotAllowed, .preconditionFailed, .rangeNotSatisfiable, .uploadAlreadyCompleted,
            .idempotencyKeyReused, .quotaExceeded, .rateLimited, .concurrencyLimited, .connectionsLimited,
            .payloadTooLarge, .contentEncoded, .storageFull, .checksumUnsupported, .headTooLarge,
            .transferCodingUnsupported, .expectationFailed, .waitsLimited, .tooManyWait, .eventCursorGone:
            nil
        }
    }
}
