import CloakroomDomain
import CloakroomStorage
import Hummingbird

/// `POST /v1/keys/{id}/rotate`: a new key in the place of another, which works on for a grace period.
struct RotateKey: Sendable {
    /// The fields, each of any type until it is checked.
    struct Input: Decodable {
        let gracePeriodSeconds: JSONValue?

        private enum CodingKeys: String, CodingKey {
            case gracePeriodSeconds = "grace_period_seconds"
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            self.gracePeriodSeconds = try container.value(JSONValue.self, .gracePeriodSeconds)
        }
    }

    let services: APIServices

    func callAsFunction(
        _ access: OrganizationAccess, _ request: Request, _ context: APIContext
    ) async throws -> Response {
        context.sendContinue(to: request)
        let id = try KeyPath.id(context)
        let gracePeriod = try Self.decode(try await JSONBody.objectIfAny(Input.self, request))
        let rotated = try await self.services.keys.rotate(
            id, of: access.organization, gracePeriodSeconds: gracePeriod, now: self.services.clock.now)
        guard let rotated else { throw APIError.keyNotFound }
        return KeyResource.created(rotated.record, rotated.key)
    }

    static func decode(_ input: Input?) throws(APIError) -> Int64 {
        let allowed = APIKeys.gracePeriods
        switch input?.gracePeriodSeconds {
        case .none: return APIKeys.defaultGracePeriod
        case .integer(let seconds) where allowed.contains(seconds): return seconds
        case .some(let other):
            throw .invalid(
                "grace_period_seconds",
                "must be a whole number from \(allowed.lowerBound) to \(allowed.upperBound); it is \(other.kind)")
        }
    }
}
