/// Why a call failed.
public enum CloakroomError: Error, Hashable, Sendable {
    /// The service refused or failed; its code says why.
    case service(ServiceError)
    /// The service could not be reached, or the connection broke; the text is for people.
    case connection(String)
    /// The answer is none that the service gives.
    case invalidResponse(String)
    /// A local file could not be read or written.
    case file(path: String, reason: String)
    /// The bytes that arrived are not those that were sent.
    case damaged(String)
    /// The task was cancelled.
    case cancelled
}

extension CloakroomError: CustomStringConvertible {
    /// The failure in a sentence for people, without secrets.
    public var description: String {
        switch self {
        case .service(let error): error.description
        case .connection(let reason): "The service cannot be reached: \(reason)"
        case .invalidResponse(let reason): "The service's answer cannot be understood: \(reason)"
        case .file(let path, let reason): "\(path): \(reason)"
        case .damaged(let reason): reason
        case .cancelled: "Cancelled"
        }
    }
}

/// What the service says of a request that it did not fulfil.
public struct ServiceError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What went wrong, for programs: `FILE_NOT_FOUND` of the API, `ContentTypeMismatch` of the storage origin.
    public let code: String
    /// The HTTP status.
    public let status: Int
    /// What went wrong, for people.
    public let message: String
    /// More of it: a JSON object, as the service wrote it.
    public let details: [UInt8]
    /// By which the service's log knows the request.
    public let requestID: String?
    /// How long to wait before the next attempt, if the service says so.
    public let retryAfter: Duration?

    /// Creates an error.
    ///
    /// - Parameters:
    ///   - code: What went wrong, for programs.
    ///   - status: The HTTP status.
    ///   - message: What went wrong, for people.
    ///   - details: A JSON object.
    ///   - requestID: By which the service's log knows the request.
    ///   - retryAfter: How long to wait before the next attempt.
    public init(
        code: String, status: Int, message: String, details: [UInt8] = Array("{}".utf8), requestID: String? = nil,
        retryAfter: Duration? = nil
    ) {
        self.code = code
        self.status = status
        self.message = message
        self.details = details
        self.requestID = requestID
        self.retryAfter = retryAfter
    }

    /// The code, the message and the request's id.
    public var description: String {
        "\(self.code): \(self.message)" + (self.requestID.map { " (request \($0))" } ?? "")
    }
}
