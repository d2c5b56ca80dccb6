import CloakroomDomain
import CloakroomStorage
import Hummingbird

/// `GET /v1/keys`: an organization's keys, oldest first, without their secrets.
struct ListKeys: Sendable {
    let services: APIServices

    func callAsFunction(
        _ access: OrganizationAccess, _ request: Request, _ context: APIContext
    ) throws -> Response {
        let keys = try self.services.keys.list(of: access.organization)
        return JSONBody.response(.object([("keys", .array(keys.map(KeyResource.json)))]))
    }
}

/// `DELETE /v1/keys/{id}`: from the answer on, the key is refused.
struct RevokeKey: Sendable {
    let services: APIServices

    func callAsFunction(
        _ access: OrganizationAccess, _ request: Request, _ context: APIContext
    ) async throws -> Response {
        let id = try KeyPath.id(context)
        let isThere = try await self.services.keys.revoke(id, of: access.organization, now: self.services.clock.now)
        guard isThere else { throw APIError.keyNotFound }
        return Response(status: .noContent)
    }
}
