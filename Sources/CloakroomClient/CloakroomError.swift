/// The reason why a call failed.
///
/// `print(error)` and `"\(error)"` give a sentence for people.
public enum CloakroomError: Error, Hashable, Sendable {
    /// The service rejected the request or failed; its code says why.
    case service(ServiceError)
    /// The connection could not be made or was lost; the text is for people.
    case connection(String)
    /// The response is not one that the service sends.
    case invalidResponse(String)
    /// A local file could not be read or written.
    case file(path: String, reason: String)
    /// The received bytes differ from the sent bytes.
    case damaged(String)
    /// The task was cancelled.
    case cancelled
}

extension CloakroomError: CustomStringConvertible {
    /// The failure in words, without secrets.
    public var description: String {
        switch self {
        case .service(let error): error.description
        case .connection(let reason): "The connection to the service failed: \(reason)"
        case .invalidResponse(let reason): "The response of the service is invalid: \(reason)"
        case .file(let path, let reason): "\(path): \(reason)"
        case .damaged(let reason): reason
        case .cancelled: "The call was cancelled"
        }
    }
}

extension CloakroomError {
    /// The time to wait before the next attempt, if the service sent one.
    var retryAfter: Duration? {
        guard case .service(let error) = self else { return nil }
        return error.retryAfter
    }
}

/// The error document of a request that the service rejected or failed to process.
public struct ServiceError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The error code, for programs: `FILE_NOT_FOUND` of the API, `ContentTypeMismatch` of the storage origin.
    public let code: String
    /// The HTTP status.
    public let status: Int
    /// The error message, for people.
    public let message: String
    /// Further information: a JSON object, as the service wrote it.
    public let details: [UInt8]
    /// The id of the request in the log of the service.
    public let requestID: String?
    /// The time to wait before the next attempt, if the service sent `Retry-After`.
    public let retryAfter: Duration?

    /// Creates an error.
    ///
    /// - Parameters:
    ///   - code: The error code, for programs.
    ///   - status: The HTTP status.
    ///   - message: The error message, for people.
    ///   - details: A JSON object.
    ///   - requestID: The id of the request in the log of the service.
    ///   - retryAfter: The time to wait before the next attempt.
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

    /// The code, the message and the id of the request.
    public var description: String {
        "\(self.code): \(self.message)" + (self.requestID.map { " (request \($0))" } ?? "")
    }
}
