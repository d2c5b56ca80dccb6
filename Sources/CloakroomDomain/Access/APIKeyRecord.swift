/// A row of the catalogue: an API key without its secret.
public struct APIKeyRecord: Hashable, Sendable {
    /// The id, `key_` and 16 hexadecimal digits.
    public let id: APIKeyID
    /// Whom the key acts for.
    public let scope: Scope
    /// The name its creator gave it, possibly empty.
    public let name: String
    /// The first characters of the secret.
    public let visiblePrefix: String
    /// What it may do.
    public let permissions: Set<Permission>
    /// When it was created.
    public let createdAt: Timestamp
    /// When it was last used, to the hour.
    public let lastUsedAt: Timestamp?
    /// When it was revoked.
    public let revokedAt: Timestamp?

    /// Whom a key acts for.
    public enum Scope: Hashable, Sendable {
        /// One organization.
        case organization(OrganizationID)
        /// Any organization, named with each request.
        case gateway
    }

    /// Creates a record.
    ///
    /// - Parameters:
    ///   - id: The id.
    ///   - scope: Whom the key acts for.
    ///   - name: Its name, possibly empty.
    ///   - visiblePrefix: The first characters of the secret.
    ///   - permissions: What it may do.
    ///   - createdAt: When it was created.
    ///   - lastUsedAt: When it was last used, to the hour.
    ///   - revokedAt: When it was revoked.
    public init(
        id: APIKeyID, scope: Scope, name: String, visiblePrefix: String, permissions: Set<Permission>,
        createdAt: Timestamp, lastUsedAt: Timestamp?, revokedAt: Timestamp?
    ) {
        self.id = id
        self.scope = scope
        self.name = name
        self.visiblePrefix = visiblePrefix
        self.permissions = permissions
        self.createdAt = createdAt
        self.lastUsedAt = lastUsedAt
        self.revokedAt = revokedAt
    }
}
