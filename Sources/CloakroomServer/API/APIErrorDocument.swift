import HTTPTypes
import Hummingbird

/// An error as the API answers it: `{"error": {"code", "message", "details", "request_id"}}`.
struct APIErrorDocument: Encodable {
    struct Body: Encodable {
        let code: String
        let message: String
        let details: Details
        let request_id: String
    }

    struct Details: Encodable {
        var fields: [Field]?
    }

    struct Field: Encodable {
        let field: String
        let reason: String
    }

    let error: Body

    init(_ error: APIError, requestID: String) {
        var details = Details()
        if case .invalid(let fields) = error {
            details.fields = fields.map { Field(field: $0.field, reason: $0.reason) }
        }
        let answer = error.answer
        self.error = Body(code: answer.code, message: answer.message, details: details, request_id: requestID)
    }
}

extension APIError {
    /// The answer on the wire.
    func response(requestID: String) -> Response {
        var response = JSONBody.response(
            APIErrorDocument(self, requestID: requestID), status: self.answer.status)
        switch self {
        case .unauthorized: response.headers[.wwwAuthenticate] = "Bearer"
        case .methodNotAllowed(let allowed): response.headers[.allow] = allowed.joined(separator: ", ")
        case .rangeNotSatisfiable(let size): response.headers[.contentRange] = "bytes */\(size)"
        case .invalid, .forbidden, .fileNotFound, .notFound, .preconditionFailed, .uploadAlreadyCompleted,
            .payloadTooLarge, .storageFull, .unavailable, .internalError:
            break
        }
        return response
    }
}
