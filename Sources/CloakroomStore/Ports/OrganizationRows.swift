package import CloakroomDomain

/// Rows of organizations.
package protocol OrganizationRows: Sendable {
    /// Looks up every organization, in the order of their ids.
    func findOrganizations() -> Lookup<[OrganizationRecord]>
    /// Changes how much an organization may keep and for how long, and adds the organization if it is new.
    ///
    /// - Parameters:
    ///   - id: The organization.
    ///   - now: The current time.
    ///   - change: Changes the quota that it has; possibly called more than once, with the effect of its last call.
    /// - Throws: ``StorageError``.
    func changeQuota(
        of id: OrganizationID, now: Timestamp, _ change: @escaping @Sendable (inout Quota) -> Void
    ) async throws(StorageError)
}
