package import CloakroomCrypto
package import CloakroomDomain

/// Rows of API keys.
///
/// The secret is nowhere; its digest finds the key.
package protocol KeyRows: Sendable {
    /// Looks up the key of a digest, revoked and expired ones too.
    func findKey(digest: SHA256Digest) -> Lookup<APIKeyRecord?>
    /// Looks up a key by its id, revoked and expired ones too.
    func findKey(_ id: APIKeyID) -> Lookup<APIKeyRecord?>
    /// Looks up keys, oldest first: an organization's, or with `nil` every key there is, those of gateways too.
    func findKeys(of organization: OrganizationID?) -> Lookup<[APIKeyRecord]>
    /// Adds a key, and its organization if that is new.
    ///
    /// - Parameters:
    ///   - key: The key without its secret.
    ///   - digest: The SHA-256 of the secret.
    ///   - replacement: The key whose place it takes, and when that expires; both change in one commit.
    /// - Returns: Whether it was added: not where the key to be replaced is revoked or expired.
    /// - Throws: ``StorageError``.
    func insert(
        _ key: APIKeyRecord, digest: SHA256Digest, replacing replacement: KeyReplacement?
    ) async throws(StorageError) -> Bool
    /// Revokes a key; revoking one twice keeps the first time.
    ///
    /// - Returns: Whether there is such a key, of the organization if one is named.
    func revoke(_ id: APIKeyID, of organization: OrganizationID?, now: Timestamp) async throws(StorageError) -> Bool
    /// Notes a key's use, to the hour.
    func noteUse(of id: APIKeyID, now: Timestamp) async throws(StorageError)
    /// Revokes a key that took the place of another, and gives the other its expiry back, in one commit.
    func undoReplacement(
        of old: APIKeyRecord, by new: APIKeyID, now: Timestamp
    ) async throws(StorageError)
    /// Removes a key that was never used.
    func removeUnused(_ id: APIKeyID) async throws(StorageError)
}

/// The key whose place another takes.
package struct KeyReplacement: Hashable, Sendable {
    package let id: APIKeyID
    /// From when on it is not accepted; an earlier expiry of its own stays.
    package let expiresAt: Timestamp

    package init(id: APIKeyID, expiresAt: Timestamp) {
        self.id = id
        self.expiresAt = expiresAt
    }
}
