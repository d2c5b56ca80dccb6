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

    /// Accepts a key that was found by its digest; a revoked or expired one gives `nil`.
    public init?(_ record: APIKeyRecord, now: Timestamp) {
        guard record.isLive(at: now) else { return nil }
        self.keyID = record.id
        self.scope = record.scope
        self.permissions = record.permissions
    }

    /// Returns the right to act on an organization's files; `requested` is the value of `X-Organization-ID`, as
    /// received, which a key of one organization does not need.
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
    /// Whether the key acts for any organization.
    public var isGateway: Bool { self.scope == .gateway }

    /// The key's organization; `nil` for a gateway's key.
    public var organization: OrganizationID? {
        if case .organization(let own) = self.scope { own } else { nil }
    }

    /// Returns a gateway's right to act on the files of organizations that it names; `requested` is the value of
    /// `X-Organization-ID`, as received, which is not needed.
    public func authorizeGateway(
        _ permission: Permission, requestedOrganization requested: String?
    ) throws(Denial) -> GatewayAccess {
        guard self.isGateway else { throw .notAGateway }
        guard self.permissions.contains(permission) else { throw .missingPermission(permission) }
        return GatewayAccess(requestedOrganization: requested)
    }
}

/// A gateway's right to act on the files of organizations that it names, which only a ``Principal`` gives.
public struct GatewayAccess: Hashable, Sendable {
    private let requestedOrganization: String?

    fileprivate init(requestedOrganization: String?) {
        self.requestedOrganization = requestedOrganization
    }

    /// Returns the right to act on the files of an organization that the request's body names, or `nil` where
    /// `X-Organization-ID` names another.
    public func access(to organization: OrganizationID) -> OrganizationAccess? {
        guard self.requestedOrganization.map({ $0 == organization.description }) ?? true else { return nil }
        return OrganizationAccess(organization: organization)
    }
}

/// The right to act on one organization's files and keys, which only a ``Principal`` gives.
///
/// Every storage call made for an API client takes one: forgetting to authorise does not compile.
public struct OrganizationAccess: Hashable, Sendable {
    /// The organization.
    public let organization: OrganizationID

    fileprivate init(organization: OrganizationID) {
        self.organization = organization
    }
}

/// The right to read events, which only a ``Principal`` gives.
public struct EventAccess: Hashable, Sendable {
    /// Whose events; `nil` stands for those of all organizations.
    public let organization: OrganizationID?

    fileprivate init(organization: OrganizationID?) {
        self.organization = organization
    }
}

extension Principal {
    /// Returns the right to read events: an organization's, or all with a gateway's key that was made for that and no
    /// organization named.
    public func authorizeEvents(requestedOrganization requested: String?) throws(Denial) -> EventAccess {
        if self.isGateway, requested == nil, self.permissions.contains(.eventsReadAll) {
            return EventAccess(organization: nil)
        }
        let permission: Permission = self.permissions.contains(.eventsReadAll) ? .eventsReadAll : .eventsRead
        return EventAccess(
            organization: try self.authorize(permission, requestedOrganization: requested).organization)
    }
}
