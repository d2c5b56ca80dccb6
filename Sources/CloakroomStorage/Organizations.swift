public import CloakroomDomain

/// The tenants: what each keeps, how much it may, and for how long.
public final class Organizations: Sendable {
    private let catalog: Catalog

    /// Uses a catalogue.
    ///
    /// - Parameter catalog: The rows.
    public init(catalog: Catalog) {
        self.catalog = catalog
    }

    /// Returns every organization, in the order of their ids.
    public func list() throws(StorageError) -> [OrganizationRecord] {
        try self.catalog.organizations()
    }

    /// Changes how much an organization may keep and for how long, and adds the organization if it is new.
    ///
    /// From the next file on the change counts, in a server that runs beside this, too. Files that are there stay as
    /// they are.
    ///
    /// - Parameters:
    ///   - id: The organization.
    ///   - now: The current time.
    ///   - change: Changes the quota that it has.
    /// - Throws: ``StorageError``.
    public func changeQuota(
        of id: OrganizationID, now: Timestamp, _ change: @escaping @Sendable (inout Quota) -> Void
    ) async throws(StorageError) {
        try await self.catalog.changeQuota(of: id, now: now, change)
    }
}
