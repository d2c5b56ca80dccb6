import CloakroomDomain
import CloakroomStore
import HTTPTypes
import Hummingbird
import Logging
import NIOConcurrencyHelpers

/// Finds out who is asking, and what they may do.
struct Authenticator: Sendable {
    private static let organizationField = HTTPField.Name("X-Organization-ID")

    let keys: APIKeys
    let limiter: RateLimiter?
    /// `nil`: a key may have any number of requests under way.
    var concurrencyLimiter: ConcurrencyLimiter<APIKeyID>?
    let clock: SystemClock

    /// Returns who a request's API key stands for, and the request's permit among those of the key.
    ///
    /// `Authorization: Bearer sk_…` and `Authorization: Key sk_…`; a key whose checksum is wrong is not looked up.
    ///
    /// - Throws: ``APIError/unauthorized``, the same for a missing, malformed, unknown, revoked and expired key;
    ///   ``APIError/rateLimited(_:)`` where the key has asked too often; ``APIError/concurrencyLimited(_:)`` where it
    ///   has too many requests under way.
    private func authenticate(
        _ request: Request, _ context: APIContext
    ) async throws(APIError) -> Admitted<Principal> {
        guard let key = Self.presentedKey(request) else { throw .unauthorized }
        let found: Principal?
        do throws(StorageError) {
            found = try await self.keys.principal(key, now: self.clock.now)
        } catch {
            throw APIError(error)
        }
        guard let principal = found else { throw .unauthorized }
        context.access?.note(keyID: principal.keyID.description)
        context.access?.note(principal.organization)
        if let limiter, !principal.isGateway {
            let rateLimitState = limiter.admit(principal.keyID, now: .now)
            context.rateLimitState.withLockedValue { $0 = rateLimitState }
            guard rateLimitState.isAdmitted else { throw .rateLimited(rateLimitState.limit) }
        }
        let permit = try self.takePermit(for: principal)
        self.noteUse(by: principal, context.logger)
        return Admitted(right: principal, permit: permit)
    }

    /// Takes a permit among the requests of a key, where these are limited.
    private func takePermit(for principal: Principal) throws(APIError) -> ConcurrencyLimiter<APIKeyID>.Permit? {
        guard let limiter = self.concurrencyLimiter, !principal.isGateway else { return nil }
        guard let permit = limiter.take(principal.keyID) else { throw .concurrencyLimited(limiter.limit) }
        return permit
    }

    /// Returns the right to act on an organization's files and keys.
    func authorize(
        _ permission: Permission, _ request: Request, _ context: APIContext
    ) async throws(APIError) -> Admitted<OrganizationAccess> {
        let admitted = try await self.authenticate(request, context)
        do throws(Principal.Denial) {
            let access = try admitted.right.authorize(
                permission, requestedOrganization: Self.requestedOrganization(request))
            context.access?.note(access.organization)
            return Admitted(right: access, permit: admitted.permit)
        } catch {
            throw APIError(error)
        }
    }

    /// Returns a gateway's right to act on the files of the organization that its request's body names.
    func authorizeGateway(
        _ permission: Permission, _ request: Request, _ context: APIContext
    ) async throws(APIError) -> Admitted<GatewayAccess> {
        let admitted = try await self.authenticate(request, context)
        do throws(Principal.Denial) {
            let access = try admitted.right.authorizeGateway(
                permission, requestedOrganization: Self.requestedOrganization(request))
            return Admitted(right: access, permit: admitted.permit)
        } catch {
            throw APIError(error)
        }
    }

    /// Returns the right to read the events of an organization, or of all.
    func authorizeEvents(
        _ request: Request, _ context: APIContext
    ) async throws(APIError) -> Admitted<EventAccess> {
        let admitted = try await self.authenticate(request, context)
        do throws(Principal.Denial) {
            let access = try admitted.right.authorizeEvents(requestedOrganization: Self.requestedOrganization(request))
            context.access?.note(access.organization)
            return Admitted(right: access, permit: admitted.permit)
        } catch {
            throw APIError(error)
        }
    }

    /// Whether the key of a request that was admitted is accepted still.
    func accepts(_ request: Request) async -> Bool {
        guard let key = Self.presentedKey(request) else { return false }
        do throws(StorageError) {
            return try await self.keys.principal(key, now: self.clock.now) != nil
        } catch {
            return false
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
                logger.warning("The last use of an API key was not recorded", metadata: ["error": "\(error)"])
            }
        }
    }
}
