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
    /// From when on it is rejected, because another took its place.
    public let expiresAt: Timestamp?
    /// When it was revoked.
    public let revokedAt: Timestamp?

    /// Whom a key acts for.
    public enum Scope: Hashable, Sendable {
        /// One organization.
        case organization(OrganizationID)
        /// Any organization, named with each request.
        case gateway
    }

    /// The most characters of a name.
    public static let maximumNameLength = 255

    /// Whether a text may be a key's name: at most ``maximumNameLength`` Unicode scalar values, none a control
    /// character.
    public static func isName(_ text: String) -> Bool {
        text.unicodeScalars.count <= self.maximumNameLength
            && !text.unicodeScalars.contains { $0.properties.generalCategory == .control }
    }

    /// Creates a record.
    public init(
        id: APIKeyID, scope: Scope, name: String, visiblePrefix: String, permissions: Set<Permission>,
        createdAt: Timestamp, lastUsedAt: Timestamp? = nil, expiresAt: Timestamp? = nil, revokedAt: Timestamp? = nil
    ) {
        self.id = id
        self.scope = scope
        self.name = name
        self.visiblePrefix = visiblePrefix
        self.permissions = permissions
        self.createdAt = createdAt
        self.lastUsedAt = lastUsedAt
        self.expiresAt = expiresAt
        self.revokedAt = revokedAt
    }

    /// Whether the key is accepted: it is neither revoked nor expired.
    public func isLive(at now: Timestamp) -> Bool {
        self.revokedAt == nil && self.expiresAt.map { now < $0 } ?? true
    }
}
