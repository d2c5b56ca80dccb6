import CloakroomDomain
import CloakroomStore
import HTTPTypes
import Hummingbird

/// `DELETE /v1/files/{id}`: from the response on, the file, its bytes and its URLs are gone.
struct DeleteFile: Sendable {
    let services: APIServices

    func callAsFunction(
        _ access: OrganizationAccess, _ request: Request, _ context: APIContext
    ) async throws -> Response {
        let id = try FilePath.id(context)
        try await self.services.storage.deletions.delete(id, access: access, now: self.services.clock.now)
        return Response(status: .noContent)
    }
}
