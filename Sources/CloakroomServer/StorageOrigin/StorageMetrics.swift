import CloakroomDomain
import Metrics

/// The storage origin's metrics; labels come from closed sets, never from a request.
final class StorageMetrics: Sendable {
    /// The routes, as the label says them.
    enum Route: Int, Sendable, CaseIterable {
        case upload
        case download
        case head
        case preflight
        case other

        var label: String {
            switch self {
            case .upload: "PUT /uploads/{file_id}"
            case .download: "GET /files/{file_id}"
            case .head: "HEAD /files/{file_id}"
            case .preflight: "OPTIONS"
            case .other: "other"
            }
        }
    }

    enum UploadOutcome: String, Sendable, CaseIterable {
        case sealed, repeated, incomplete, failed
        // As the label has it.
        case rejected = "refused"
    }

    /// By route, then by the status' place among all.
    private let requests: [[Counter]]
    private let durations: [Timer]
    private let uploads: [UploadOutcome: Counter]
    private let received = Counter(label: "cloakroom_received_bytes_total", dimensions: [("origin", "storage")])
    private let sent = Counter(label: "cloakroom_sent_bytes_total", dimensions: [("origin", "storage")])
    private let rejections = CounterFamily("cloakroom_rejected_signatures_total", "reason")
    let connections = ConnectionMeter(origin: "storage")

    init() {
        self.requests = Route.allCases.map { route in
            HTTPStatus.allCases.map { status in
                let labels = [("origin", "storage"), ("route", route.label), ("status", "\(status.rawValue)")]
                return Counter(label: "cloakroom_requests_total", dimensions: labels)
            }
        }
        self.durations = Route.allCases.map { route in
            let labels = [("origin", "storage"), ("route", route.label)]
            return Timer(label: "cloakroom_request_duration_seconds", dimensions: labels)
        }
        self.uploads = .init(
            uniqueKeysWithValues: UploadOutcome.allCases.map {
                ($0, Counter(label: "cloakroom_uploads_total", dimensions: [("outcome", $0.rawValue)]))
            })
    }

    func responded(_ route: Route, _ status: HTTPStatus, nanoseconds: Int64) {
        self.requests[route.rawValue][status.index].increment()
        self.durations[route.rawValue].recordNanoseconds(nanoseconds)
    }

    func uploaded(_ outcome: UploadOutcome) { self.uploads[outcome]?.increment() }

    func rejected(_ error: PresignedURLError) {
        self.rejections.increment(error.reason)
    }

    func receivedBytes(_ count: Int) { self.received.increment(by: count) }

    func sentBytes(_ count: Int64) { self.sent.increment(by: count) }
}

extension PresignedURLError {
    /// A word for the metrics' label.
    var reason: String {
        switch self {
        case .notPresigned: "not_presigned"
        case .twoMechanisms: "two_mechanisms"
        case .signatureVersion2: "signature_version_2"
        case .missingParameter: "missing_parameter"
        case .repeatedParameter: "repeated_parameter"
        case .unsupportedAlgorithm: "algorithm"
        case .credential: "credential"
        case .malformedDate: "date"
        case .scopeDayMismatch: "scope_date"
        case .malformedExpires, .lifetimeTooLong: "expires"
        case .expired: "expired"
        case .notYetValid: "not_yet_valid"
        case .unknownAccessKey: "unknown_access_key"
        case .securityToken: "security_token"
        case .headersNotSigned: "headers_not_signed"
        case .signatureMismatch: "signature"
        case .contentTypeMismatch: "content_type"
        case .contentLengthMismatch: "content_length"
        case .contentTooLarge: "content_too_large"
        case .streamingPayload: "streaming_payload"
        case .unsupportedParameter: "unsupported_parameter"
        case .malformedResponseHeader: "response_header"
        case .noSuchKey: "no_such_key"
        case .methodNotAllowed: "method"
        }
    }
}
