import CloakroomClient
import HTTPTypes

/// Why a request was not fulfilled; each case has one status and one code.
enum GatewayError: Error, Sendable {
    /// A field of a request that is wrong.
    struct Field: Sendable {
        let field: String
        /// Where in the input (RFC 6901).
        var pointer: String?
        let reason: String
    }

    case invalid([Field])
    /// What the service said of the customer's files.
    case service(ServiceError)
    case unauthorized
    case insufficientBalance(Ledger.Shortage)
    case notFound
    case fileNotFound
    case executionNotFound
    /// With the state in which the execution has ended.
    case executionFinished(String)
    case idempotencyKeyReused
    /// With the most bytes that are taken.
    case payloadTooLarge(Int64)
    /// With a reason for the log.
    case unavailable(String)
    /// With a reason for the log.
    case internalError(String)

    /// What the customer can do something about; whatever else the service refuses is between it and the gateway.
    private static let customersCodes: Set<String> = [
        "INPUT_VALIDATION_ERROR", "FILE_NOT_FOUND", "FILE_FORMAT_UNSUPPORTED", "PAYLOAD_TOO_LARGE",
    ]

    /// One field is wrong.
    static func invalid(_ field: String, _ reason: String) -> GatewayError {
        .invalid([Field(field: field, reason: reason)])
    }

    init(_ error: CloakroomError) {
        if case .service(let error) = error, Self.customersCodes.contains(error.code) {
            self = .service(error)
        } else {
            self = .unavailable(error.description)
        }
    }

    /// The status, code and message.
    var answer: (status: HTTPResponse.Status, code: String, message: String) {
        switch self {
        case .invalid(let fields):
            (
                .badRequest, "INPUT_VALIDATION_ERROR",
                fields.map { "\($0.field)\($0.pointer ?? "") \($0.reason)" }.joined(separator: "; ")
            )
        case .service(let error): (.init(code: error.status), error.code, error.message)
        case .unauthorized: (.unauthorized, "UNAUTHORIZED", "The API key is missing or not valid.")
        case .insufficientBalance:
            (
                .init(code: 402, reasonPhrase: "Payment Required"), "INSUFFICIENT_BALANCE",
                "The balance is too small for this execution."
            )
        case .notFound: (.notFound, "NOT_FOUND", "There is no such route.")
        case .fileNotFound: (.notFound, "FILE_NOT_FOUND", "The file does not exist.")
        case .executionNotFound: (.notFound, "EXECUTION_NOT_FOUND", "The execution does not exist.")
        case .executionFinished: (.conflict, "EXECUTION_FINISHED", "The execution has ended already.")
        case .idempotencyKeyReused:
            (.conflict, "IDEMPOTENCY_KEY_REUSED", "The Idempotency-Key came with another request.")
        case .payloadTooLarge: (.contentTooLarge, "PAYLOAD_TOO_LARGE", "The request is too large.")
        case .unavailable: (.serviceUnavailable, "UNAVAILABLE", "The gateway cannot do this now.")
        case .internalError: (.internalServerError, "INTERNAL_ERROR", "The gateway has failed.")
        }
    }

    /// What only the log is told.
    var internalReason: String? {
        switch self {
        case .unavailable(let reason), .internalError(let reason): reason
        case .invalid, .service, .unauthorized, .insufficientBalance, .notFound, .fileNotFound, .executionNotFound,
            .executionFinished, .idempotencyKeyReused, .payloadTooLarge:
            nil
        }
    }
}
