import CloakroomStore
import HTTPTypes
import Hummingbird
import Logging
import NIOConcurrencyHelpers

/// The API's edge: gives every response its request id, turns errors into responses, counts and logs once.
struct APIErrorMiddleware: RouterMiddleware {
    private static let requestIDField = HTTPField.Name("X-Request-ID")
    private static let contentTypeOptionsField = HTTPField.Name("X-Content-Type-Options")

    /// No response that a file is not found is given sooner after its request.
    ///
    /// A file of somebody else's takes a microsecond or two longer to be found than one that nobody has: enough to be told
    /// from ten thousand responses. By this time both have long been looked for.
    private static let notFoundTime = Duration.milliseconds(2)

    let routes: RouteTable
    /// `nil`: requests are not logged.
    let accessLog: AccessLog?
    private let metrics = APIMetrics()

    init(routes: RouteTable, accessLog: AccessLog?) {
        self.routes = routes
        self.accessLog = accessLog
    }

    func handle(
        _ request: Request, context: APIContext,
        next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        let start = ContinuousClock.now
        var context = context
        if let accessLog { context.begin(accessLog) }
        var response: Response
        do {
            response = try await next(request, context)
        } catch {
            let error = self.apiError(error, request)
            if let reason = error.internalReason {
                context.logger.error(
                    "Request failed",
                    metadata: [
                        "request.id": "\(context.requestID)", "request.route": "\(Self.route(request, context))",
                        "response.status": "\(error.summary.status.code)", "error.reason": "\(reason)",
                    ])
            }
            if let limit = error.limitLabel { self.metrics.limited(limit) }
            if error.hidesExistence { try? await Task.sleep(until: start + Self.notFoundTime) }
            response = error.response(requestID: context.requestID)
        }
        context.access?.note(route: Self.route(request, context))
        if let state = context.rateLimitState.withLockedValue({ $0 }) { state.write(to: &response.headers) }
        if request.method == .head { response = response.createHeadResponse() }
        Self.addCommonFields(to: &response.headers, requestID: context.requestID)
        self.metrics.responded(Self.route(request, context), response.status.code, ContinuousClock.now - start)
        return response
    }

    /// Adds the fields of every response.
    static func addCommonFields(to fields: inout HTTPFields, requestID: String) {
        if let name = Self.requestIDField { fields[name] = requestID }
        if let name = Self.contentTypeOptionsField { fields[name] = "nosniff" }
    }

    private func apiError(_ error: any Error, _ request: Request) -> APIError {
        switch error {
        case let error as APIError: return error
        case let error as StorageError: return APIError(error)
        case let error as HTTPError where error.status == .notFound:
            let allowed = self.routes.methods(of: request.uri.path)
            return allowed.isEmpty ? .notFound : .methodNotAllowed(allowed)
        case let error as HTTPError: return .internalError("HTTP error \(error.status.code)")
        default: return .internalError("\(type(of: error))")
        }
    }

    private static func route(_ request: Request, _ context: APIContext) -> String {
        "\(Self.knownMethod(request.method)) \(context.endpointPath ?? "other")"
    }

    /// A label comes from a closed set: a client's own method is not one.
    private static func knownMethod(_ method: HTTPRequest.Method) -> String {
        [.get, .head, .post, .put, .delete, .patch, .options].contains(method) ? method.rawValue : "other"
    }
}
