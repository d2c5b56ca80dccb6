/// A row of the catalogue: an organization.
public struct OrganizationRecord: Hashable, Sendable {
    /// Its id.
    public let id: OrganizationID
    /// When it got its first key or file.
    public let createdAt: Timestamp
    /// How much it may keep.
    public let quota: Quota
    /// What it keeps.
    public let usage: Quota.Usage

    /// Creates a record.
    public init(id: OrganizationID, createdAt: Timestamp, quota: Quota, usage: Quota.Usage) {
        self.id = id
        self.createdAt = createdAt
        self.quota = quota
        self.usage = usage
    }
}
