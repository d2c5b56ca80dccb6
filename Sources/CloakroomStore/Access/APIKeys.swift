package import CloakroomDomain
import Synchronization

/// Who may use the API: keys are made, found by the digest of their secret, replaced and revoked.
package final class APIKeys: Sendable {
    let rows: any KeyRows
    /// The hour of each key's last use that is on record, so that it is written once an hour.
    private let usedHours = Mutex<[APIKeyID: Int64]>([:])

    package init(rows: any KeyRows) {
        self.rows = rows
    }

    /// Makes a key with a name of at most 255 characters; on return it is durable, and the secret exists nowhere else.
    package func create(
        for scope: APIKeyRecord.Scope, name: String, permissions: Set<Permission>, now: Timestamp
    ) async throws(StorageError) -> (record: APIKeyRecord, key: APIKey) {
        let (record, key) = try Self.make(for: scope, name: name, permissions: permissions, now: now)
        _ = try await self.rows.insert(record, digest: key.digest, replacing: nil)
        return (record, key)
    }

    private static func make(
        for scope: APIKeyRecord.Scope, name: String, permissions: Set<Permission>, now: Timestamp
    ) throws(StorageError) -> (record: APIKeyRecord, key: APIKey) {
        do {
            let key = try APIKey.generate()
            let record = APIKeyRecord(
                id: try APIKeyID.generate(), scope: scope, name: name, visiblePrefix: key.visiblePrefix,
                permissions: permissions, createdAt: now)
            return (record, key)
        } catch {
            throw .failed("\(error)")
        }
    }

    /// Returns who a key stands for, or `nil` for a key that is unknown, revoked or expired.
    package func principal(_ key: APIKey, now: Timestamp) async throws(StorageError) -> Principal? {
        try await self.rows.findKey(digest: key.digest).value().flatMap { Principal($0, now: now) }
    }

    /// Notes a key's use, to the hour, once an hour.
    package func noteUse(by principal: Principal, now: Timestamp) async throws(StorageError) {
        let hour = now.secondsSinceEpoch / 3_600
        let isNew = self.usedHours.withLock { hours in
            guard hours[principal.keyID] != hour else { return false }
            hours[principal.keyID] = hour
            return true
        }
        if isNew { try await self.rows.noteUse(of: principal.keyID, now: now) }
    }

    /// Returns keys, oldest first, revoked and expired ones too; with `nil` every key there is, those of gateways too.
    package func list(of organization: OrganizationID? = nil) async throws(StorageError) -> [APIKeyRecord] {
        try await self.rows.findKeys(of: organization).value()
    }

    /// Revokes a key for good, and returns whether there is such a key, of the organization if one is named.
    package func revoke(
        _ id: APIKeyID, of organization: OrganizationID? = nil, now: Timestamp
    ) async throws(StorageError) -> Bool {
        try await self.rows.revoke(id, of: organization, now: now)
    }

    /// How long a key that was replaced may go on to work, in seconds: at most a week.
    package static let gracePeriods: ClosedRange<Int64> = 0...604_800
    /// How long a key that was replaced works where nobody says otherwise, in seconds: a day.
    package static let defaultGracePeriod: Int64 = 86_400

    /// Makes a new key with the scope, name and permissions of another, which ends after a period in ``gracePeriods``;
    /// `nil` where there is no such key, or it is revoked or expired.
    package func rotate(
        _ id: APIKeyID, of organization: OrganizationID? = nil, gracePeriodSeconds: Int64, now: Timestamp
    ) async throws(StorageError) -> (record: APIKeyRecord, key: APIKey)? {
        guard let old = try await self.rows.findKey(id).value(),
            organization.map({ old.scope == .organization($0) }) ?? true
        else {
            return nil
        }
        let (record, key) = try Self.make(for: old.scope, name: old.name, permissions: old.permissions, now: now)
        let end = now.advanced(bySeconds: gracePeriodSeconds)
        let replacement = KeyReplacement(id: id, expiresAt: end)
        guard try await self.rows.insert(record, digest: key.digest, replacing: replacement) else { return nil }
        return (record, key)
    }
}
