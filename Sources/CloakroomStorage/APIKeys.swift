public import CloakroomDomain
import Synchronization

/// Who may use the API: keys are made, found by the digest of their secret, and revoked.
public final class APIKeys: Sendable {
    private let catalog: Catalog
    /// The hour of each key's last use that is on record, so that it is written once an hour.
    private let usedHours = Mutex<[APIKeyID: Int64]>([:])

    /// Uses a catalogue.
    ///
    /// - Parameter catalog: The rows.
    public init(catalog: Catalog) {
        self.catalog = catalog
    }

    /// Makes a key.
    ///
    /// On return it is durable; the secret exists nowhere else.
    ///
    /// - Parameters:
    ///   - scope: Whom it acts for.
    ///   - name: Its name, at most 255 characters, possibly empty.
    ///   - permissions: What it may do.
    ///   - now: The current time.
    /// - Returns: The record, and the key with its secret.
    /// - Throws: ``StorageError``.
    public func create(
        for scope: APIKeyRecord.Scope, name: String, permissions: Set<Permission>, now: Timestamp
    ) async throws(StorageError) -> (record: APIKeyRecord, key: APIKey) {
        let (record, key) = try Self.make(for: scope, name: name, permissions: permissions, now: now)
        try await self.catalog.insert(record, digest: key.digest)
        return (record, key)
    }

    private static func make(
        for scope: APIKeyRecord.Scope, name: String, permissions: Set<Permission>, now: Timestamp
    ) throws(StorageError) -> (record: APIKeyRecord, key: APIKey) {
        do {
            let key = try APIKey.generate()
            let record = APIKeyRecord(
                id: try APIKeyID.generate(), scope: scope, name: name, visiblePrefix: key.visiblePrefix,
                permissions: permissions, createdAt: now, lastUsedAt: nil, revokedAt: nil)
            return (record, key)
        } catch {
            throw .failed("no random bytes: \(error)")
        }
    }

    /// Returns who a key stands for, or `nil` for a key that is unknown or revoked.
    ///
    /// - Parameter key: The key that a client presented.
    /// - Returns: Who a key stands for, or `nil` for a key that is unknown or revoked.
    /// - Throws: ``StorageError``.
    public func principal(_ key: APIKey) throws(StorageError) -> Principal? {
        try self.catalog.apiKey(digest: key.digest).flatMap { Principal($0) }
    }

    /// Notes a key's use, to the hour, once an hour.
    ///
    /// - Parameters:
    ///   - principal: Who used it.
    ///   - now: The current time.
    /// - Throws: ``StorageError``.
    public func noteUse(by principal: Principal, now: Timestamp) async throws(StorageError) {
        let hour = now.secondsSinceEpoch / 3_600
        let isNew = self.usedHours.withLock { hours in
            guard hours[principal.keyID] != hour else { return false }
            hours[principal.keyID] = hour
            return true
        }
        if isNew { try await self.catalog.noteUse(of: principal.keyID, now: now) }
    }

    /// Returns every key, oldest first.
    public func list() throws(StorageError) -> [APIKeyRecord] {
        try self.catalog.apiKeys()
    }

    /// Revokes a key for good.
    ///
    /// - Parameters:
    ///   - id: The key.
    ///   - now: The current time.
    /// - Returns: Whether there is such a key.
    /// - Throws: ``StorageError``.
    public func revoke(_ id: APIKeyID, now: Timestamp) async throws(StorageError) -> Bool {
        try await self.catalog.revoke(id, now: now)
    }

    /// Replaces a key by a new one with the same scope, name and permissions, and revokes it.
    ///
    /// - Parameters:
    ///   - id: The key to replace.
    ///   - now: The current time.
    /// - Returns: The new key, or `nil` where there is no such key, or it is revoked.
    /// - Throws: ``StorageError``.
    public func rotate(
        _ id: APIKeyID, now: Timestamp
    ) async throws(StorageError) -> (record: APIKeyRecord, key: APIKey)? {
        guard let old = try self.list().first(where: { $0.id == id }), old.revokedAt == nil else { return nil }
        let (record, key) = try Self.make(for: old.scope, name: old.name, permissions: old.permissions, now: now)
        try await self.catalog.insert(record, digest: key.digest, revoking: id)
        return (record, key)
    }
}
