import CloakroomDomain
import CloakroomStore
import Hummingbird

/// `POST /v1/keys/{id}/rotate`: a new key in the place of another, which works on for a grace period.
struct RotateKey: Sendable {
    let services: APIServices

    func callAsFunction(
        _ access: OrganizationAccess, _ request: Request, _ context: APIContext
    ) async throws -> Response {
        context.sendContinue(to: request)
        let id = try KeyPath.id(context)
        let gracePeriod = try Self.decode(try await JSONBody.objectIfAny(request))
        let rotated = try await self.services.storage.keys.rotate(
            id, of: access.organization, gracePeriodSeconds: gracePeriod, now: self.services.clock.now)
        guard let rotated else { throw APIError.keyNotFound }
        return KeyResource.created(rotated.record, rotated.key)
    }

    static func decode(_ body: RequestDocument?) throws(APIError) -> Int64 {
        guard let body else { return APIKeys.defaultGracePeriod }
        var errors: [APIError.FieldError] = []
        body.rejectMembers(otherThan: ["grace_period_seconds"], &errors)
        let gracePeriod = Self.gracePeriod(body.value("grace_period_seconds"), &errors)
        guard errors.isEmpty else { throw .invalid(errors) }
        return gracePeriod
    }

    private static func gracePeriod(_ value: JSONValue?, _ errors: inout [APIError.FieldError]) -> Int64 {
        let allowed = APIKeys.gracePeriods
        switch value {
        case .none: break
        case .integer(let seconds) where allowed.contains(seconds): return seconds
        case .some(let other):
            errors.add(
                "grace_period_seconds",
                "must be a whole number from \(allowed.lowerBound) to \(allowed.upperBound); it is \(other.kind)")
        }
        return APIKeys.defaultGracePeriod
    }
}
