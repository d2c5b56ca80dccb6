public import CloakroomDomain
import NIOHTTP1

/// An API key without its secret.
public struct APIKeyDescription: Hashable, Sendable, CustomStringConvertible {
    /// The id.
    public let id: APIKeyID
    /// The name its creator gave it, possibly empty.
    public let name: String
    /// The first characters of the secret.
    public let prefix: String
    /// What it may do.
    public let permissions: Set<Permission>
    /// When it was created.
    public let createdAt: Timestamp
    /// When it was last used, to the hour.
    public let lastUsedAt: Timestamp?
    /// When it expires, if another key replaces it.
    public let expiresAt: Timestamp?
    /// When it was revoked.
    public let revokedAt: Timestamp?

    /// The id, the name, and the permissions.
    public var description: String {
        let permissions = self.permissions.map(\.rawValue).sorted().joined(separator: ", ")
        return "\(self.id) \(self.name.isEmpty ? "-" : self.name) (\(permissions))"
    }
}

/// A key that was made a moment ago, with its secret, which is shown this once.
public struct NewAPIKey: Sendable {
    /// The key without its secret.
    public let description: APIKeyDescription
    /// The key with its secret.
    public let key: APIKey
}

/// An organization's keys; all of this needs the permission `keys:manage`.
extension CloakroomClient {
    /// Returns the organization's keys, oldest first, ended ones too.
    public func keys() async throws(CloakroomError) -> [APIKeyDescription] {
        let list = try Self.decode(KeyList.self, try await self.call(.GET, "/v1/keys"))
        var keys: [APIKeyDescription] = []
        for document in list.keys { keys.append(try document.describe()) }
        return keys
    }

    /// Creates a key for the organization.
    ///
    /// The call is not retried if the key may have been created, because its secret would be lost.
    ///
    /// - Parameters:
    ///   - name: A name that identifies the key to people.
    ///   - permissions: The permissions of the key.
    /// - Returns: The key with its secret.
    /// - Throws: ``CloakroomError``.
    public func createKey(
        name: String = "", permissions: Set<Permission> = Permission.defaults
    ) async throws(CloakroomError) -> NewAPIKey {
        let fields = KeyRequest(name: name, permissions: permissions.map(\.rawValue).sorted())
        return try await self.newKey("/v1/keys", body: try Self.encode(fields))
    }

    /// Creates a key that replaces another one, which keeps working for a grace period.
    ///
    /// - Parameters:
    ///   - id: The old key.
    ///   - gracePeriodSeconds: How long both keys work, 0 to 604,800 seconds.
    /// - Returns: The new key with its secret.
    /// - Throws: ``CloakroomError``, with the code `KEY_NOT_FOUND` if the old key is not active.
    public func rotateKey(
        _ id: APIKeyID, gracePeriodSeconds: Int64 = 86_400
    ) async throws(CloakroomError) -> NewAPIKey {
        let body = try Self.encode(["grace_period_seconds": gracePeriodSeconds])
        return try await self.newKey("/v1/keys/\(id)/rotate", body: body)
    }

    /// Revokes a key permanently.
    ///
    /// - Parameter id: The key.
    /// - Throws: ``CloakroomError``, with the code `KEY_NOT_FOUND`.
    public func revokeKey(_ id: APIKeyID) async throws(CloakroomError) {
        _ = try await self.call(.DELETE, "/v1/keys/\(id)")
    }

    private func newKey(_ path: String, body: [UInt8]) async throws(CloakroomError) -> NewAPIKey {
        let response = try await self.call(.POST, path, body: body, .actsTwice)
        let document = try Self.decode(KeyDocument.self, response)
        guard let key = document.key.flatMap({ APIKey($0) }) else {
            throw .invalidResponse("the secret of the new key is missing")
        }
        return NewAPIKey(description: try document.describe(), key: key)
    }

    private struct KeyRequest: Encodable {
        let name: String
        let permissions: [String]
    }

    private struct KeyList: Decodable {
        let keys: [KeyDocument]
    }

    private struct KeyDocument: Decodable {
        let keyID: String
        let name: String
        let prefix: String
        let permissions: [String]
        let createdAt: String
        let lastUsedAt: String?
        let expiresAt: String?
        let revokedAt: String?
        let key: String?

        private enum CodingKeys: String, CodingKey {
            case name, prefix, permissions, key
            case keyID = "key_id"
            case createdAt = "created_at"
            case lastUsedAt = "last_used_at"
            case expiresAt = "expires_at"
            case revokedAt = "revoked_at"
        }

        func describe() throws(CloakroomError) -> APIKeyDescription {
            guard let id = APIKeyID(self.keyID), let createdAt = Timestamp(rfc3339: self.createdAt) else {
                throw .invalidResponse("a member of a key is missing or malformed")
            }
            return APIKeyDescription(
                id: id, name: self.name, prefix: self.prefix,
                permissions: Set(self.permissions.compactMap { Permission(rawValue: $0) }), createdAt: createdAt,
                lastUsedAt: self.lastUsedAt.flatMap { Timestamp(rfc3339: $0) },
                expiresAt: self.expiresAt.flatMap { Timestamp(rfc3339: $0) },
                revokedAt: self.revokedAt.flatMap { Timestamp(rfc3339: $0) })
        }
    }
}
