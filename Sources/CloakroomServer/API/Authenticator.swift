import CloakroomDomain
import CloakroomStorage
import HTTPTypes
import Hummingbird
import Logging

/// Finds out who is asking.
struct Authenticator: Sendable {
    private static let organizationField = HTTPField.Name("X-Organization-ID")

    let keys: APIKeys
    let clock: SystemClock

    /// Returns who a request's API key stands for.
    ///
    /// `Authorization: Bearer sk_…` and `Authorization: Key sk_…`; a key whose checksum is wrong is not looked up.
    ///
    /// - Throws: ``APIError/unauthorized``, the same for a missing, malformed, unknown and revoked key.
    func authenticate(_ request: Request, _ context: APIContext) throws(APIError) -> Principal {
        guard let key = Self.presentedKey(request) else { throw .unauthorized }
        do throws(StorageError) {
            guard let principal = try self.keys.principal(key) else { throw StorageError.notFound }
            self.noteUse(by: principal, context.logger)
            return principal
        } catch .notFound {
            throw .unauthorized
        } catch {
            throw APIError(error)
        }
    }

    /// Returns the right to act on an organization's files.
    ///
    /// - Throws: ``APIError``.
    func authorize(
        _ permission: Permission, _ request: Request, _ context: APIContext
    ) throws(APIError) -> OrganizationAccess {
        let principal = try self.authenticate(request, context)
        let requested = Self.organizationField.flatMap { request.headers[$0] }
        do throws(Principal.Denial) {
            return try principal.authorize(permission, requestedOrganization: requested)
        } catch {
            throw APIError(error)
        }
    }

    /// Finds out that a gateway is asking, which names the organization in its request's body.
    ///
    /// - Returns: Gives the right to act on the files of an organization; `X-Organization-ID`, if there is one, must
    ///   name the same.
    /// - Throws: ``APIError``.
    func authorizeGateway(
        _ permission: Permission, _ request: Request, _ context: APIContext
    ) throws(APIError) -> (OrganizationID) throws(APIError) -> OrganizationAccess {
        let principal = try self.authenticate(request, context)
        let requested = Self.organizationField.flatMap { request.headers[$0] }
        do throws(Principal.Denial) {
            try principal.checkGateway(permission)
        } catch {
            throw APIError(error)
        }
        return { organization throws(APIError) in
            guard requested == nil || requested == organization.description else {
                throw .invalid("X-Organization-ID", "must be the body's organization_id where it is sent")
            }
            do throws(Principal.Denial) {
                return try principal.authorizeGateway(permission, for: organization)
            } catch {
                throw APIError(error)
            }
        }
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
