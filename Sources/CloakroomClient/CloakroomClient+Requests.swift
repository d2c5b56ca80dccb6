import AsyncHTTPClient
import CloakroomDomain
import Foundation
import NIOCore
import NIOFoundationCompat
import NIOHTTP1
import _NIOFileSystem

/// Requests to the API, and their responses.
extension CloakroomClient {
    /// The most bytes of a response that is not a file: a thousand URLs are far less.
    private static let maximumResponseLength = 32 * 1_024 * 1_024
    /// For the head of a response.
    private static let responseTimeout = TimeAmount.hours(1)

    /// Sends a request until it is answered, and reads the response; the path is percent-encoded, the body a JSON text.
    func call(
        _ method: HTTPMethod, _ path: String, fields: [(String, String)] = [], body: [UInt8]? = nil,
        _ repetition: RetryPolicy.Repetition = .isHarmless
    ) async throws(CloakroomError) -> ByteBuffer {
        try await self.retrying(repetition) { () async throws(CloakroomError) in
            var request = self.request(method, path, fields: fields)
            if let body {
                request.headers.replaceOrAdd(name: "Content-Type", value: "application/json")
                request.body = .bytes(ByteBuffer(bytes: body))
            }
            return try await self.content(try await self.execute(request))
        }
    }

    /// Makes attempts as the policy allows.
    func retrying<Value: Sendable>(
        _ repetition: RetryPolicy.Repetition, _ attempt: @Sendable () async throws(CloakroomError) -> Value
    ) async throws(CloakroomError) -> Value {
        var number = 1
        while true {
            do throws(CloakroomError) {
                return try await attempt()
            } catch {
                guard let delay = self.retryPolicy.delay(after: error, attempt: number, repetition) else { throw error }
                do { try await Task.sleep(for: delay) } catch { throw .cancelled }
            }
            number += 1
        }
    }

    /// A request to the API, with the key.
    func request(_ method: HTTPMethod, _ path: String, fields: [(String, String)] = []) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: self.server.description + path)
        request.method = method
        request.headers.add(name: "Authorization", value: "Bearer \(self.key.reveal())")
        request.headers.add(name: "Accept", value: "application/json")
        if let organization { request.headers.add(name: "X-Organization-ID", value: organization.description) }
        for (name, value) in fields { request.headers.replaceOrAdd(name: name, value: value) }
        return request
    }

    /// Sends a request once; a response that is no success is thrown.
    func execute(
        _ request: HTTPClientRequest, timeout: TimeAmount = Self.responseTimeout
    ) async throws(CloakroomError) -> HTTPClientResponse {
        let response: HTTPClientResponse
        do {
            response = try await self.httpClient.execute(request, timeout: timeout)
        } catch {
            throw Self.failure(error)
        }
        guard !(200...299).contains(response.status.code) else { return response }
        throw .service(ServiceError(response, body: try await self.content(response)))
    }

    /// Reads a response's body, which is not a file.
    func content(_ response: HTTPClientResponse) async throws(CloakroomError) -> ByteBuffer {
        do {
            return try await response.body.collect(upTo: Self.maximumResponseLength)
        } catch {
            throw Self.failure(error)
        }
    }

    /// Returns what a failure of the connection, or of a local file, is to the caller.
    static func failure(_ error: any Error, path: String = "") -> CloakroomError {
        switch error {
        case let error as CloakroomError: error
        case let error as FileSystemError: .file(path: path, reason: Self.reason(error))
        case is CancellationError: .cancelled
        case is NIOTooManyBytesError: .invalidResponse("the body is longer than 32 MiB")
        case let error as HTTPClientError where error == .cancelled: .cancelled
        // Never the request: its URL may be a presigned one.
        case let error as HTTPClientError: .connection(error.shortDescription)
        case let error as IOError: .connection(String(cString: strerror(error.errnoCode)))
        default: .connection("\(type(of: error))")
        }
    }

    private static func reason(_ error: FileSystemError) -> String {
        switch error.code {
        case .notFound: "the file does not exist"
        case .permissionDenied: "permission denied"
        case .fileAlreadyExists: "the file already exists"
        default: error.message
        }
    }

    /// Writes what is sent.
    static func encode(_ value: some Encodable) throws(CloakroomError) -> [UInt8] {
        do {
            return Array(try JSONEncoder().encode(value))
        } catch {
            throw .invalidResponse("\(type(of: value)) cannot be encoded as JSON")
        }
    }

    /// Reads what was answered.
    static func decode<Value: Decodable>(_ type: Value.Type, _ body: ByteBuffer) throws(CloakroomError) -> Value {
        do {
            return try JSONDecoder().decode(type, from: body)
        } catch {
            throw .invalidResponse("the body cannot be decoded as \(type)")
        }
    }
}

extension ServiceError {
    /// Reads an error document of the API, `{"error": {…}}`, or of the storage origin, `{"Error": {…}}`.
    init(_ response: HTTPClientResponse, body: ByteBuffer) {
        let status = Int(response.status.code)
        let retryAfter = response.headers.first(name: "Retry-After").flatMap { Int64($0) }.map { Duration.seconds($0) }
        let document = RequestDocument.members(of: Array(body.readableBytesView)[...])
        let error = document?.first { $0.name.lowercased() == "error" }.flatMap { RequestDocument.members(of: $0.text) }
        func text(_ names: String...) -> String? {
            let member = error?.first { names.contains($0.name) }?.text
            return member.flatMap { try? JSONDecoder().decode(String.self, from: Data($0)) }
        }
        self.init(
            code: text("code", "Code") ?? "HTTP_\(status)", status: status,
            message: text("message", "Message") ?? response.status.reasonPhrase,
            details: error?.first { $0.name == "details" }.map { Array($0.text) } ?? Array("{}".utf8),
            requestID: text("request_id", "RequestId") ?? response.headers.first(name: "X-Request-ID"),
            retryAfter: retryAfter)
    }
}
