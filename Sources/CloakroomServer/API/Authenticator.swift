import CloakroomDomain
import CloakroomStorage
import HTTPTypes
import Hummingbird
import Logging
import NIOConcurrencyHelpers

/// Finds out who is asking, and what they may do.
struct Authenticator: Sendable {
    private static let organizationField = HTTPField.Name("X-Organization-ID")

    let keys: APIKeys
    let limiter: RateLimiter?
    let clock: SystemClock

    /// Returns who a request's API key stands for.
    ///
    /// `Authorization: Bearer sk_…` and `Authorization: Key sk_…`; a key whose checksum is wrong is not looked up.
    ///
    /// - Throws: ``APIError/unauthorized``, the same for a missing, malformed, unknown, revoked and expired key;
    ///   ``APIError/rateLimited(_:)`` where the key has asked too often.
    private func authenticate(_ request: Request, _ context: APIContext) throws(APIError) -> Principal {
        guard let key = Self.presentedKey(request) else { throw .unauthorized }
        let found: Principal?
        do throws(StorageError) {
            found = try self.keys.principal(key, now: self.clock.now)
        } catch {
            throw APIError(error)
        }
        guard let principal = found else { throw .unauthorized }
        if let limiter, !principal.isGateway {
            let standing = limiter.admit(principal.keyID, now: .now)
            context.standing.withLockedValue { $0 = standing }
            guard standing.isAdmitted else { throw .rateLimited(standing.limit) }
        }
        self.noteUse(by: principal, context.logger)
        return principal
    }

    /// Returns the right to act on an organization's files and keys.
    ///
    /// - Throws: ``APIError``.
    func authorize(
        _ permission: Permission, _ request: Request, _ context: APIContext
    ) throws(APIError) -> OrganizationAccess {
        let principal = try self.authenticate(request, context)
        do throws(Principal.Denial) {
            return try principal.authorize(permission, requestedOrganization: Self.requestedOrganization(request))
        } catch {
            throw APIError(error)
        }
    }

    /// Returns a gateway's right to act on the files of the organization that its request's body names.
    ///
    /// - Throws: ``APIError``.
    func authorizeGateway(
        _ permission: Permission, _ request: Request, _ context: APIContext
    ) throws(APIError) -> GatewayAccess {
        let principal = try self.authenticate(request, context)
        do throws(Principal.Denial) {
            return try principal.authorizeGateway(
                permission, requestedOrganization: Self.requestedOrganization(request))
        } catch {
            throw APIError(error)
        }
    }

    private static func requestedOrganization(_ request: Request) -> String? {
        self.organizationField.flatMap { request.headers[$0] }
    }

    private static func presentedKey(_ request: Request) -> APIKey? {
        let values = request.headers[values: .authorization]
        guard values.count == 1 else { return nil }
        let parts = values[0].split(separator: " ", omittingEmptySubsequences: true)
        guard parts.count == 2, ["bearer", "key"].contains(parts[0].lowercased()) else { return nil }
        return APIKey(parts[1])
    }

    /// A failure to note a key's use is no failure of the request.
    private func noteUse(by principal: Principal, _ logger: Logger) {
        let (keys, now) = (self.keys, self.clock.now)
        Task {
            do {
                try await keys.noteUse(by: principal, now: now)
            } catch {
                logger.warning("Last use of an API key not noted", metadata: ["error": "\(error)"])
            }
        }
    }
}
