import CloakroomDomain
import CloakroomStore
import Hummingbird

/// `GET /v1/keys`: an organization's keys, oldest first, without their secrets.
struct ListKeys: Sendable {
    let services: APIServices

    func callAsFunction(
        _ access: OrganizationAccess, _ request: Request, _ context: APIContext
    ) async throws -> Response {
        let keys = try await self.services.storage.keys.list(of: access.organization)
        return JSONBody.response(.object([("keys", .array(keys.map(KeyResource.json)))]))
    }
}
