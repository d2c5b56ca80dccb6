import CloakroomDomain
import CloakroomStorage
import Hummingbird

/// `POST /v1/files/{id}/revoke-urls`: from the answer on, every presigned URL that was issued before is dead.
struct RevokeURLs: Sendable {
    let services: APIServices

    func callAsFunction(
        _ access: OrganizationAccess, _ request: Request, _ context: APIContext
    ) async throws -> Response {
        let id = try FilePath.id(context)
        try await self.services.store.revokeURLs(of: id, access: access, now: self.services.clock.now)
        return Response(status: .noContent)
    }
}
