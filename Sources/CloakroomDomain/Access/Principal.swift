/// Who is asking, proven by an API key.
public struct Principal: Hashable, Sendable {
    /// Why a principal may not do something.
    public enum Denial: Error, Hashable, Sendable {
        /// The key lacks the permission.
        case missingPermission(Permission)
        /// A gateway key was used without saying for which organization.
        case missingOrganization
        /// The organization named is no organization id.
        case malformedOrganization(String)
        /// The key of one organization was used to name another.
        case foreignOrganization
        /// The key of one organization was used for what only a gateway may do.
        case notAGateway
    }

    /// The key's id.
    public let keyID: APIKeyID
    private let scope: APIKeyRecord.Scope
    private let permissions: Set<Permission>

    /// Accepts a key.
    ///
    /// - Parameter record: The key, found by its digest; a revoked one gives `nil`.
    public init?(_ record: APIKeyRecord) {
        guard record.revokedAt == nil else { return nil }
        self.keyID = record.id
        self.scope = record.scope
        self.permissions = record.permissions
    }

    /// Returns the right to act on an organization's files.
    ///
    /// - Parameters:
    ///   - permission: What is to be done.
    ///   - requested: The value of `X-Organization-ID`, as received; a key of one organization needs none.
    /// - Returns: The right to act on an organization's files.
    /// - Throws: ``Denial``.
    public func authorize(
        _ permission: Permission, requestedOrganization requested: String?
    ) throws(Denial) -> OrganizationAccess {
        guard self.permissions.contains(permission) else { throw .missingPermission(permission) }
        switch self.scope {
        case .organization(let own):
            guard requested == nil || requested == own.description else { throw .foreignOrganization }
            return OrganizationAccess(organization: own)
        case .gateway:
            guard let requested else { throw .missingOrganization }
            guard let organization = OrganizationID(requested) else { throw .malformedOrganization(requested) }
            return OrganizationAccess(organization: organization)
        }
    }
}

extension Principal {
    /// Returns a gateway's right to act on the files of an organization that it names.
    ///
    /// - Parameters:
    ///   - permission: What is to be done.
    ///   - organization: For whom.
    /// - Returns: A gateway's right to act on the files of an organization that it names.
    /// - Throws: ``Denial``.
    public func authorizeGateway(
        _ permission: Permission, for organization: OrganizationID
    ) throws(Denial) -> OrganizationAccess {
        try self.checkGateway(permission)
        return OrganizationAccess(organization: organization)
    }

    /// Passes for a gateway that has a permission.
    ///
    /// - Parameter permission: What is to be done.
    /// - Throws: ``Denial``.
    public func checkGateway(_ permission: Permission) throws(Denial) {
        guard case .gateway = self.scope else { throw .notAGateway }
        guard self.permissions.contains(permission) else { throw .missingPermission(permission) }
    }
}

/// The right to act on one organization's files, which only a ``Principal`` gives.
///
/// Every storage call made for an API client takes one: forgetting to authorise does not compile.
public struct OrganizationAccess: Hashable, Sendable {
    /// The organization.
    public let organization: OrganizationID

    fileprivate init(organization: OrganizationID) {
        self.organization = organization
    }
}
