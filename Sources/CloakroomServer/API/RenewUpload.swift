import CloakroomDomain
import CloakroomStore
import Hummingbird

/// `POST /v1/files/{id}/upload-url`: a fresh presigned URL for a file whose bytes have not been sent.
struct RenewUpload: Sendable {
    let services: APIServices

    func callAsFunction(
        _ access: OrganizationAccess, _ request: Request, _ context: APIContext
    ) async throws -> Response {
        let id = try FilePath.id(context)
        let now = self.services.clock.now
        let record = try await self.services.storage.uploads.renew(
            id, access: access, lifetimeSeconds: self.services.policy.lifetimeSeconds, now: now)
        return UploadTicket.response(record, self.services.presigner, now: now)
    }
}
