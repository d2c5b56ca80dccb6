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
        let now = self.services.clock.now
        let moment = try await self.services.store.revokeURLs(of: id, access: access, now: now)
        // Revocations of one file that follow each other faster than one a second would lead ever further into the
        // future, until URLs that are minted then are not valid yet.
        let lead = moment.secondsSinceEpoch - now.secondsSinceEpoch
        if lead > 1 { try await Task.sleep(for: .seconds(lead - 1)) }
        return Response(status: .noContent)
    }
}
