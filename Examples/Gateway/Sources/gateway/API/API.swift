import CloakroomDomain
import HTTPTypes
import Hummingbird

/// The gateway's routes; each is for a customer whose key is known.
struct API: Sendable {
    typealias Operation = @Sendable (Account, Request, GatewayContext) async throws -> Response

    let authenticator: Authenticator
    let executions: Executions
    let submit: SubmitExecution
    let files: ForwardFiles

    func router() -> Router<GatewayContext> {
        let router = Router(context: GatewayContext.self)
        router.add(middleware: ErrorMiddleware())
        self.addExecutions(to: router)
        self.addFiles(to: router)
        return router
    }

    private func addExecutions(to router: Router<GatewayContext>) {
        let (executions, submit) = (self.executions, self.submit)
        self.on(router, .post, "/v1/executions") { account, request, _ in try await submit(account, request) }
        self.on(router, .get, "/v1/executions/{id}") { account, _, context in
            let execution = try executions.execution(Self.executionID(context), of: account.organization)
            return JSONBody.response(ExecutionResource.json(execution))
        }
        self.on(router, .get, "/v1/executions/{id}/result") { account, _, context in
            let execution = try executions.execution(Self.executionID(context), of: account.organization)
            return JSONBody.response(ResultResource.json(execution))
        }
        self.on(router, .post, "/v1/executions/{id}/cancel") { account, _, context in
            let execution = try executions.cancel(Self.executionID(context), of: account.organization)
            return JSONBody.response(ExecutionResource.json(execution))
        }
    }

    /// Files are the service's; of its routes, these are the customers'.
    private func addFiles(to router: Router<GatewayContext>) {
        let files = self.files
        self.on(router, .post, "/v1/files/upload") { account, request, _ in
            try await files(account, request, to: "/v1/files/upload", body: request.body)
        }
        self.on(router, .post, "/v1/files") { account, request, _ in
            try await files(account, request, to: "/v1/files", body: request.body)
        }
        self.on(router, .get, "/v1/files") { account, request, _ in
            try await files(account, request, to: "/v1/files", body: nil)
        }
        for method in [HTTPRequest.Method.get, .delete] {
            self.on(router, method, "/v1/files/{id}") { account, request, context in
                try await files(account, request, to: "/v1/files/\(Self.fileID(context))", body: nil)
            }
        }
        for method in [HTTPRequest.Method.get, .head] {
            self.on(router, method, "/v1/files/{id}/download") { account, request, context in
                try await files(account, request, to: "/v1/files/\(Self.fileID(context))/download", body: nil)
            }
        }
        self.on(router, .post, "/v1/files/{id}/upload-url") { account, request, context in
            try await files(account, request, to: "/v1/files/\(Self.fileID(context))/upload-url", body: nil)
        }
    }

    private func on(
        _ router: Router<GatewayContext>, _ method: HTTPRequest.Method, _ path: RouterPath,
        _ operation: @escaping Operation
    ) {
        let authenticator = self.authenticator
        router.on(path, method: method) { request, context in
            try await operation(try authenticator.account(request), request, context)
        }
    }

    private static func executionID(_ context: GatewayContext) throws(GatewayError) -> ExecutionID {
        guard let text = context.parameters.get("id"), let id = ExecutionID(text) else { throw .executionNotFound }
        return id
    }

    /// A file id and nothing else goes into a path of the service.
    private static func fileID(_ context: GatewayContext) throws(GatewayError) -> FileID {
        guard let text = context.parameters.get("id"), let id = FileID(text) else { throw .fileNotFound }
        return id
    }
}
