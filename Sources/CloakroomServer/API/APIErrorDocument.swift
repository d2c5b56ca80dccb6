import CloakroomDomain
import HTTPTypes
import Hummingbird

extension APIError {
    /// The response's body: `{"error": {"code", "message", "details", "request_id"}}`.
    func document(requestID: String) -> JSONOutput {
        let summary = self.summary
        return .object([
            (
                "error",
                .object([
                    ("code", .string(summary.code)), ("message", .string(summary.message)),
                    ("details", self.details), ("request_id", .string(requestID)),
                ])
            )
        ])
    }

    /// The response on the wire.
    func response(requestID: String) -> Response {
        var response = JSONBody.response(self.document(requestID: requestID), status: self.summary.status)
        switch self {
        case .unauthorized: response.headers[.wwwAuthenticate] = "Bearer"
        case .methodNotAllowed(let allowed): response.headers[.allow] = allowed.joined(separator: ", ")
        // RFC 9110 §15.5.16.
        case .contentEncoded: response.headers[.acceptEncoding] = "identity"
        case .rangeNotSatisfiable(let size): response.headers[.contentRange] = "bytes */\(size)"
        // The bucket gains a request within the second; what else is under way may end at any time.
        case .rateLimited, .concurrencyLimited, .connectionsLimited, .waitsLimited, .tooManyWait:
            response.headers[.retryAfter] = "1"
        case .invalid, .forbidden, .fileNotFound, .filesNotFound, .formatUnsupported, .keyNotFound, .notFound,
            .preconditionFailed, .uploadAlreadyCompleted, .idempotencyKeyReused, .quotaExceeded, .payloadTooLarge,
            .storageFull, .unavailable, .internalError, .checksumUnsupported, .headTooLarge,
            .transferCodingUnsupported, .expectationFailed, .eventCursorGone:
            break
        }
        return response
    }

    private var details: JSONOutput {
        switch self {
        case .invalid(let fields): return .object([("fields", .array(fields.map(Self.json)))])
        case .filesNotFound(let files):
            var members = [("file_ids", JSONOutput.array(files.map { .string($0.reference) }))]
            if files.contains(where: { $0.pointers != nil }) {
                members.append(("files", .array(files.map(Self.json))))
            }
            return .object(members)
        case .formatUnsupported(let files, let accepted):
            var members = [("files", JSONOutput.array(files.map(Self.json)))]
            if let accepted { members.append(("accept", .array(accepted.map { .string($0) }))) }
            return .object(members)
        case .quotaExceeded(let excess):
            return .object([
                ("quota", .string(excess.resource == .files ? "max_files" : "max_bytes")),
                ("limit", .integer(excess.limit)), ("used", .integer(excess.used)),
                ("requested", .integer(excess.requested)),
            ])
        case .rateLimited(let limit), .concurrencyLimited(let limit), .connectionsLimited(let limit),
            .waitsLimited(let limit), .tooManyWait(let limit):
            return .object([("limit", .integer(Int64(limit)))])
        case .unauthorized, .forbidden, .fileNotFound, .keyNotFound, .notFound, .methodNotAllowed,
            .preconditionFailed, .rangeNotSatisfiable, .uploadAlreadyCompleted, .idempotencyKeyReused,
            .payloadTooLarge, .contentEncoded, .storageFull, .unavailable, .internalError, .checksumUnsupported,
            .headTooLarge, .transferCodingUnsupported, .expectationFailed, .eventCursorGone:
            return .object([])
        }
    }

    private static func json(_ error: FieldError) -> JSONOutput {
        var members = [("field", JSONOutput.string(error.field)), ("reason", .string(error.reason))]
        if let pointer = error.pointer { members.insert(("pointer", .string(pointer.description)), at: 1) }
        return .object(members)
    }

    private static func json(_ file: MissingFile) -> JSONOutput {
        .object([("file_id", .string(file.reference)), ("pointers", .pointers(file.pointers ?? []))])
    }

    private static func json(_ file: UnsupportedFile) -> JSONOutput {
        var members = [("file_id", JSONOutput.string(file.file)), ("content_type", .string(file.mediaType))]
        if let pointers = file.pointers { members.append(("pointers", .pointers(pointers))) }
        if let accepted = file.accepted { members.append(("accept", .array(accepted.map { .string($0) }))) }
        return .object(members)
    }
}

extension JSONOutput {
    static func pointers(_ pointers: [JSONPointer]) -> JSONOutput {
        .array(pointers.map { .string($0.description) })
    }
}
