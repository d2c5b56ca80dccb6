import CloakroomDomain
import HTTPTypes
import Hummingbird

extension IdempotencyKey {
    /// Returns a request's `Idempotency-Key`, `nil` where there is none.
    static func read(_ request: Request, _ errors: inout [APIError.FieldError]) -> IdempotencyKey? {
        guard let name = HTTPField.Name("Idempotency-Key") else { return nil }
        let values = request.headers[values: name]
        guard !values.isEmpty else { return nil }
        if values.count == 1, let key = IdempotencyKey(values[0]) { return key }
        let received =
            values.count == 1 ? "it is \(values[0].utf8.count) bytes long" : "it was sent \(values.count) times"
        errors.add("Idempotency-Key", "must be \(IdempotencyKey.rule), sent once; \(received)")
        return nil
    }
}
