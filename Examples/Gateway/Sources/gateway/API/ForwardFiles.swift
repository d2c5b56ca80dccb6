import AsyncHTTPClient
import CloakroomClient
import CloakroomDomain
import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1

/// The routes of files: forwarded to the service with the gateway's key, for the customer's organization.
struct ForwardFiles: Sendable {
    private static let timeout = TimeAmount.hours(1)
    /// The most bytes of an answer that is an error.
    private static let maximumErrorLength = 1_048_576
    /// What a customer may say to the service; who it is, and for whom it acts, is the gateway's to say.
    private static let requestFields = [
        "Content-Type", "Content-Encoding", "Accept", "Range", "If-Match", "If-None-Match", "If-Range",
        "If-Modified-Since", "If-Unmodified-Since", "Idempotency-Key",
    ].compactMap { HTTPField.Name($0) }
    /// What the service may say to a customer, besides the length of the body.
    private static let responseFields = [
        "Content-Type", "Content-Range", "Content-Disposition", "ETag", "Accept-Ranges", "Cache-Control", "Vary",
        "Location", "Last-Modified", "Retry-After", "Accept-Encoding", "Content-Security-Policy", "X-Request-ID",
    ].compactMap { HTTPField.Name($0) }

    let httpClient: HTTPClient
    let server: ServerURL
    let key: APIKey

    /// Forwards a request, and answers what the service answers.
    ///
    /// - Parameters:
    ///   - account: Who is asking.
    ///   - request: The request; its query is forwarded as it is.
    ///   - path: A path of the service.
    ///   - body: What is sent, if anything.
    /// - Returns: The service's answer.
    /// - Throws: ``GatewayError/unavailable(_:)`` where the service cannot be reached or does not know the gateway.
    func callAsFunction(
        _ account: Account, _ request: Request, to path: String, body: RequestBody?
    ) async throws -> Response {
        let outgoing = self.outgoing(account, request, path)
        guard let body else { return try await self.answer(try await self.execute(outgoing), request) }
        return try await self.exchange(outgoing, BodyRelay(body), request)
    }

    private func exchange(
        _ outgoing: HTTPClientRequest, _ relay: BodyRelay, _ request: Request
    ) async throws -> Response {
        var outgoing = outgoing
        outgoing.body = relay.outgoing(length: request.headers[.contentLength].flatMap { Int64($0) })
        async let relayed: Void = relay.run()
        do {
            // An answer before the body's end is a refusal, and is read whole while the rest of the body waits.
            let response = try await self.answer(try await self.execute(outgoing), request)
            relay.stop()
            await relayed
            return response
        } catch {
            relay.stop()
            await relayed
            throw error
        }
    }

    private func outgoing(_ account: Account, _ request: Request, _ path: String) -> HTTPClientRequest {
        let query = request.uri.query.map { "?\($0)" } ?? ""
        var outgoing = HTTPClientRequest(url: self.server.description + path + query)
        outgoing.method = HTTPMethod(rawValue: request.method.rawValue)
        for name in Self.requestFields {
            for value in request.headers[values: name] { outgoing.headers.add(name: name.rawName, value: value) }
        }
        outgoing.headers.add(name: "Authorization", value: "Bearer \(self.key.reveal())")
        outgoing.headers.add(name: "X-Organization-ID", value: account.organization.description)
        return outgoing
    }

    private func execute(_ outgoing: HTTPClientRequest) async throws(GatewayError) -> HTTPClientResponse {
        let response: HTTPClientResponse
        do {
            response = try await self.httpClient.execute(outgoing, timeout: Self.timeout)
        } catch {
            // The type alone: a request has the gateway's key in it.
            throw .unavailable("The service cannot be reached: \(type(of: error))")
        }
        // The customer's key is good; it is the gateway's that is not.
        guard response.status != .unauthorized else { throw .unavailable("The service does not know the gateway") }
        return response
    }

    private func answer(_ response: HTTPClientResponse, _ request: Request) async throws -> Response {
        var headers = HTTPFields()
        for name in Self.responseFields {
            let values = response.headers[name.rawName]
            if !values.isEmpty { headers[name] = values.joined(separator: ", ") }
        }
        let status = HTTPResponse.Status(code: Int(response.status.code))
        let length = response.headers.first(name: "Content-Length")
        if request.method == .head {
            headers[.contentLength] = length
            return Response(status: status, headers: headers)
        }
        guard response.status.code < 400 else {
            let body = try await response.body.collect(upTo: Self.maximumErrorLength)
            return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: body))
        }
        let body = response.body
        return Response(
            status: status, headers: headers,
            body: ResponseBody(contentLength: length.flatMap { Int($0) }) { writer in
                for try await part in body { try await writer.write(part) }
                try await writer.finish(nil)
            })
    }
}
