import CloakroomDomain
import HTTPTypes
import Hummingbird

/// A route of the API: where it is, what it takes to use it, and what it does.
///
/// An operation is given the right that its route requires, so that none can be reached without.
struct Route: Sendable {
    /// What it takes to use a route.
    enum Requirement: Hashable, Sendable {
        /// Nothing, not even a key.
        case nothing
        /// A key of the organization, or a gateway's for it, with a permission.
        case organization(Permission)
        /// A gateway's key with a permission.
        case gateway(Permission)
        /// A key that may read events: an organization's, or all.
        case events
    }

    /// What an operation responds with.
    enum Content: Hashable, Sendable {
        /// A document, which is made before it is sent.
        case document
        /// The bytes of a file, which are read while they are sent.
        case bytes
    }

    typealias Operation<Right> = @Sendable (Right, Request, APIContext) async throws -> Response

    private enum Access: Sendable {
        case open(@Sendable (Request, APIContext) async throws -> Response)
        case organization(Permission, Operation<OrganizationAccess>)
        case gateway(Permission, Operation<GatewayAccess>)
        case events(Operation<EventAccess>)
    }

    let method: HTTPRequest.Method
    let path: String
    private let content: Content
    private let access: Access

    static func open(
        _ method: HTTPRequest.Method, _ path: String,
        _ operation: @escaping @Sendable (Request, APIContext) async throws -> Response
    ) -> Route {
        Route(method: method, path: path, content: .document, access: .open(operation))
    }

    /// A route that acts for one organization.
    static func organization(
        _ permission: Permission, _ method: HTTPRequest.Method, _ path: String, content: Content = .document,
        _ operation: @escaping Operation<OrganizationAccess>
    ) -> Route {
        Route(method: method, path: path, content: content, access: .organization(permission, operation))
    }

    /// A route that only a gateway may use.
    static func gateway(
        _ permission: Permission, _ method: HTTPRequest.Method, _ path: String,
        _ operation: @escaping Operation<GatewayAccess>
    ) -> Route {
        Route(method: method, path: path, content: .document, access: .gateway(permission, operation))
    }

    /// A route that reads events.
    static func events(
        _ method: HTTPRequest.Method, _ path: String, _ operation: @escaping Operation<EventAccess>
    ) -> Route {
        Route(method: method, path: path, content: .document, access: .events(operation))
    }

    /// The route of HEAD beside this one of GET: the same operation, whose response is sent without its body.
    var head: Route {
        Route(method: .head, path: self.path, content: .document, access: self.access)
    }

    /// What it takes to use this route.
    var requirement: Requirement {
        switch self.access {
        case .open: .nothing
        case .organization(let permission, _): .organization(permission)
        case .gateway(let permission, _): .gateway(permission)
        case .events: .events
        }
    }

    /// Answers a request of whoever may ask, and whose query says nothing twice.
    func respond(_ request: Request, _ context: APIContext, _ authenticator: Authenticator) async throws -> Response {
        switch self.access {
        case .open(let operation):
            _ = try QueryItems(request)
            return try await operation(request, context)
        case .organization(let permission, let operation):
            let admitted = try await authenticator.authorize(permission, request, context)
            return try await admitted.respond(self.content, context) { right in
                _ = try QueryItems(request)
                return try await operation(right, request, context)
            }
        case .gateway(let permission, let operation):
            let admitted = try await authenticator.authorizeGateway(permission, request, context)
            return try await admitted.respond(self.content, context) { right in
                _ = try QueryItems(request)
                return try await operation(right, request, context)
            }
        case .events(let operation):
            let admitted = try await authenticator.authorizeEvents(request, context)
            return try await admitted.respond(self.content, context) { right in
                _ = try QueryItems(request)
                return try await operation(right, request, context)
            }
        }
    }
}
