package import CloakroomDomain

/// The tenants: what each keeps, how much it may, and for how long.
package final class Organizations: Sendable {
    private let rows: any OrganizationRows

    package init(rows: any OrganizationRows) {
        self.rows = rows
    }

    /// Returns every organization, in the order of their ids.
    package func list() async throws(StorageError) -> [OrganizationRecord] {
        try await self.rows.findOrganizations().value()
    }

    /// Changes how much an organization may keep and for how long, and adds it if it is new; what is there stays, and a
    /// server that runs beside this follows from the next file on.
    package func changeQuota(
        of id: OrganizationID, now: Timestamp, _ change: @escaping @Sendable (inout Quota) -> Void
    ) async throws(StorageError) {
        try await self.rows.changeQuota(of: id, now: now, change)
    }
}
