import CloakroomDomain
import CloakroomStorage
import Hummingbird

/// `POST /v1/files/{id}/upload-url`: a fresh presigned URL for a file whose bytes have not been sent.
struct RenewUpload: Sendable {
    let services: APIServices

    func callAsFunction(_ request: Request, _ context: APIContext) async throws -> Response {
        let access = try self.services.authenticator.authorize(.filesWrite, request, context)
        let id = try FilePath.id(context)
        let now = self.services.clock.now
        let declaration = try await self.services.store.renewUpload(
            id, access: access, lifetimeSeconds: self.services.policy.lifetimeSeconds, now: now)
        return UploadTicket.response(id, declaration, self.services.minter, now: now)
    }
}
