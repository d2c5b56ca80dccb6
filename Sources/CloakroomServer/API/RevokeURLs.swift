import CloakroomDomain
import CloakroomStore
import Hummingbird

/// `POST /v1/files/{id}/revoke-urls`: from the response on, every presigned URL that was issued before is dead.
struct RevokeURLs: Sendable {
    /// A request waits for the next second, and perhaps for one more; a clock that was set back is not waited for.
    private static let maximumAttempts = 3

    let services: APIServices

    func callAsFunction(
        _ access: OrganizationAccess, _ request: Request, _ context: APIContext
    ) async throws -> Response {
        let id = try FilePath.id(context)
        let requestedAt = self.services.clock.now
        for _ in 0..<Self.maximumAttempts {
            let outcome = try await self.services.storage.revocations.revoke(
                id, access: access, requestedAt: requestedAt, now: self.services.clock.now)
            switch outcome {
            case .done: return Response(status: .noContent)
            case .dueAfter: try await Task.sleep(for: self.services.clock.untilNextSecond)
            }
        }
        throw APIError.unavailable("the clock is behind the last revocation of \(id)")
    }
}
