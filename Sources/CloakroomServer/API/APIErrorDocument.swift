import HTTPTypes
import Hummingbird

extension APIError {
    /// The answer on the wire: `{"error": {"code", "message", "details", "request_id"}}`.
    func response(requestID: String) -> Response {
        let answer = self.answer
        let document = JSONOutput.object([
            (
                "error",
                .object([
                    ("code", .string(answer.code)), ("message", .string(answer.message)),
                    ("details", self.details), ("request_id", .string(requestID)),
                ])
            )
        ])
        var response = JSONBody.response(document, status: answer.status)
        switch self {
        case .unauthorized: response.headers[.wwwAuthenticate] = "Bearer"
        case .methodNotAllowed(let allowed): response.headers[.allow] = allowed.joined(separator: ", ")
        case .rangeNotSatisfiable(let size): response.headers[.contentRange] = "bytes */\(size)"
        case .invalid, .forbidden, .fileNotFound, .filesNotFound, .formatUnsupported, .notFound, .preconditionFailed,
            .uploadAlreadyCompleted, .payloadTooLarge, .storageFull, .unavailable, .internalError:
            break
        }
        return response
    }

    private var details: JSONOutput {
        switch self {
        case .invalid(let fields):
            let list = fields.map { field in
                JSONOutput.object([("field", .string(field.field)), ("reason", .string(field.reason))])
            }
            return .object([("fields", .array(list))])
        case .filesNotFound(let references):
            return .object([("file_ids", .array(references.map { .string($0) }))])
        case .formatUnsupported(let files, let accepted):
            let list = files.map { file in
                JSONOutput.object([("file_id", .string(file.file)), ("content_type", .string(file.mediaType))])
            }
            return .object([("files", .array(list)), ("accept", .array(accepted.map { .string($0) }))])
        case .unauthorized, .forbidden, .fileNotFound, .notFound, .methodNotAllowed, .preconditionFailed,
            .rangeNotSatisfiable, .uploadAlreadyCompleted, .payloadTooLarge, .storageFull, .unavailable,
            .internalError:
            return .object([])
        }
    }
}
