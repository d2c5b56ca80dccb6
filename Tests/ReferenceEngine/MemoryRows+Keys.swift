package import CloakroomCrypto
package import CloakroomDomain
package import CloakroomStore

extension MemoryRows: KeyRows {
    package func findKey(digest: SHA256Digest) -> Lookup<APIKeyRecord?> {
        self.look { $0.keys.values.first { $0.digest == digest.bytes }?.record }
    }

    package func findKey(_ id: APIKeyID) -> Lookup<APIKeyRecord?> { self.look { $0.keys[id]?.record } }

    package func findKeys(of organization: OrganizationID?) -> Lookup<[APIKeyRecord]> {
        self.look { state in
            state.keys.values.map(\.record).filter { key in
                organization.map { key.scope == .organization($0) } ?? true
            }
            .sorted { ($0.createdAt, $0.id.description) < ($1.createdAt, $1.id.description) }
        }
    }

    package func insert(
        _ key: APIKeyRecord, digest: SHA256Digest, replacing replacement: KeyReplacement?
    ) async throws(StorageError) -> Bool {
        self.change { state in
            if let replacement {
                guard let old = state.keys[replacement.id]?.record, old.revokedAt == nil,
                    old.expiresAt.map({ $0 > key.createdAt }) ?? true
                else { return false }
                let end = min(old.expiresAt ?? replacement.expiresAt, replacement.expiresAt)
                state.keys[old.id]?.record = old.changed(
                    expiresAt: end, revokedAt: replacement.expiresAt <= key.createdAt ? key.createdAt : nil)
            }
            if case .organization(let organization) = key.scope, state.organizations[organization] == nil {
                state.organizations[organization] = Organization(createdAt: key.createdAt)
            }
            state.keys[key.id] = Key(record: key, digest: digest.bytes)
            return true
        }
    }

    package func revoke(
        _ id: APIKeyID, of organization: OrganizationID?, now: Timestamp
    ) async throws(StorageError) -> Bool {
        self.change { state in
            guard let key = state.keys[id]?.record, organization.map({ key.scope == .organization($0) }) ?? true else {
                return false
            }
            state.keys[id]?.record = key.changed(expiresAt: key.expiresAt, revokedAt: key.revokedAt ?? now)
            return true
        }
    }

    package func noteUse(of id: APIKeyID, now: Timestamp) async throws(StorageError) {
        self.change { state in
            guard let key = state.keys[id]?.record else { return }
            let hour = Timestamp(secondsSinceEpoch: now.secondsSinceEpoch / 3_600 * 3_600)
            state.keys[id]?.record = key.changed(
                expiresAt: key.expiresAt, revokedAt: key.revokedAt, lastUsedAt: max(key.lastUsedAt ?? hour, hour))
        }
    }

    package func undoReplacement(
        of old: APIKeyRecord, by new: APIKeyID, now: Timestamp
    ) async throws(StorageError) {
        self.change { state in
            if let key = state.keys[new]?.record {
                state.keys[new]?.record = key.changed(expiresAt: key.expiresAt, revokedAt: key.revokedAt ?? now)
            }
            guard let key = state.keys[old.id]?.record, (key.revokedAt ?? now) == now else { return }
            state.keys[old.id]?.record = key.changed(expiresAt: old.expiresAt, revokedAt: nil)
        }
    }

    package func removeUnused(_ id: APIKeyID) async throws(StorageError) {
        self.change { state in
            if state.keys[id]?.record.lastUsedAt == nil { state.keys[id] = nil }
        }
    }
}

extension APIKeyRecord {
    fileprivate func changed(
        expiresAt: Timestamp?, revokedAt: Timestamp?, lastUsedAt: Timestamp? = nil
    ) -> APIKeyRecord {
        APIKeyRecord(
            id: self.id, scope: self.scope, name: self.name, visiblePrefix: self.visiblePrefix,
            permissions: self.permissions, createdAt: self.createdAt, lastUsedAt: lastUsedAt ?? self.lastUsedAt,
            expiresAt: expiresAt, revokedAt: revokedAt)
    }
}

extension MemoryRows: OrganizationRows {
    package func findOrganizations() -> Lookup<[OrganizationRecord]> {
        self.look { state in
            state.organizations.sorted { $0.key.description < $1.key.description }.map { id, organization in
                OrganizationRecord(
                    id: id, createdAt: organization.createdAt, quota: organization.quota, usage: state.usage(of: id))
            }
        }
    }

    package func changeQuota(
        of id: OrganizationID, now: Timestamp, _ change: @escaping @Sendable (inout Quota) -> Void
    ) async throws(StorageError) {
        self.change { state in
            var organization = state.organizations[id] ?? Organization(createdAt: now)
            change(&organization.quota)
            state.organizations[id] = organization
        }
    }
}
