import CloakroomClient
import HTTPTypes
import Hummingbird

extension GatewayError {
    /// The answer on the wire, in Cloakroom's form: `{"error": {"code", "message", "details", "request_id"}}`.
    func response(requestID: String) -> Response {
        let answer = self.answer
        let error = JSONOutput.object([
            ("code", .string(answer.code)), ("message", .string(answer.message)), ("details", self.details),
            ("request_id", .string(requestID)),
        ])
        var response = JSONBody.response(.object([("error", error)]), status: answer.status)
        if case .unauthorized = self { response.headers[.wwwAuthenticate] = "Bearer" }
        return response
    }

    private var details: JSONOutput {
        switch self {
        case .invalid(let fields): .object([("fields", .array(fields.map { Self.json($0) }))])
        case .service(let error): .text(error.details)
        case .insufficientBalance(let shortage):
            .object([
                ("required", .string(shortage.required.description)),
                ("available", .string(shortage.available.description)),
            ])
        case .executionFinished(let status): .object([("status", .string(status))])
        case .payloadTooLarge(let limit): .object([("limit", .integer(limit))])
        case .unauthorized, .notFound, .fileNotFound, .executionNotFound, .idempotencyKeyReused, .unavailable,
            .internalError:
            .object([])
        }
    }

    private static func json(_ field: Field) -> JSONOutput {
        var members: [JSONOutput.Member] = [("field", .string(field.field))]
        if let pointer = field.pointer { members.append(("pointer", .string(pointer))) }
        members.append(("reason", .string(field.reason)))
        return .object(members)
    }
}
