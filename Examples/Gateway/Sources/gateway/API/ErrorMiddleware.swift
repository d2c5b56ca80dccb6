import CloakroomClient
import HTTPTypes
import Hummingbird
import Logging

/// The gateway's edge: gives every answer its request id, turns errors into answers, and logs once.
struct ErrorMiddleware: RouterMiddleware {
    private static let requestIDField = HTTPField.Name("X-Request-ID")

    func handle(
        _ request: Request, context: GatewayContext,
        next: (Request, GatewayContext) async throws -> Response
    ) async throws -> Response {
        var response: Response
        do {
            response = try await next(request, context)
        } catch {
            let error = Self.gatewayError(error)
            if let reason = error.internalReason {
                context.logger.error(
                    "Request failed",
                    metadata: ["request.id": "\(context.requestID)", "error.reason": "\(reason)"])
            }
            response = error.response(requestID: context.requestID)
            if request.method == .head { response = response.createHeadResponse() }
        }
        // An answer of the service has the id by which its log knows the request.
        if let name = Self.requestIDField, !response.headers.contains(name) {
            response.headers[name] = context.requestID
        }
        response.headers[.xContentTypeOptions] = "nosniff"
        return response
    }

    private static func gatewayError(_ error: any Error) -> GatewayError {
        switch error {
        case let error as GatewayError: error
        case let error as CloakroomError: GatewayError(error)
        case let error as HTTPError where error.status == .notFound: .notFound
        case let error as HTTPError: .internalError("HTTP error \(error.status.code)")
        default: .internalError("\(type(of: error))")
        }
    }
}
