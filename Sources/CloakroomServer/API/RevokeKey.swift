import CloakroomDomain
import CloakroomStore
import Hummingbird

/// `DELETE /v1/keys/{id}`: from the response on, the key is rejected.
struct RevokeKey: Sendable {
    let services: APIServices

    func callAsFunction(
        _ access: OrganizationAccess, _ request: Request, _ context: APIContext
    ) async throws -> Response {
        let id = try KeyPath.id(context)
        let isThere = try await self.services.storage.keys.revoke(
            id, of: access.organization, now: self.services.clock.now)
        guard isThere else { throw APIError.keyNotFound }
        return Response(status: .noContent)
    }
}
