package import CloakroomDomain
package import CloakroomStore

extension MemoryRows: DeletionRows {
    package func delete(
        _ id: FileID, of organization: OrganizationID, now: Timestamp
    ) async throws(StorageError) -> Tombstone? {
        self.change { state in
            guard state.files[id]?.record.organization == organization else { return nil }
            return state.delete(id, .deleted, .request, now: now)
        }
    }

    package func deleteExpired(now: Timestamp, limit: Int) async throws(StorageError) -> [FileID] {
        self.change { state in
            let expired = state.files.values.filter { $0.record.isExpired(at: now) }.map(\.record.id).prefix(limit)
            for id in expired { _ = state.delete(id, .deleted, .expired, now: now) }
            return Array(expired)
        }
    }

    package func deleteAbandoned(
        now: Timestamp, limit: Int, except uploads: Set<FileID>
    ) async throws(StorageError) -> Int {
        self.change { state in
            let end = now.advanced(bySeconds: -Retention.uploadGraceSeconds)
            let abandoned = state.files.values.map(\.record)
                .filter { $0.seal == nil && $0.uploadExpiresAt < end && !uploads.contains($0.id) }.prefix(limit)
            for record in abandoned {
                _ = state.delete(record.id, .abandoned, now: now)
                state.freeKey(of: record.id)
            }
            return abandoned.count
        }
    }

    package func findTombstones(_ kind: TombstoneKind, after id: FileID?, limit: Int) -> Lookup<[Tombstone]> {
        self.look { state in
            state.deletions.filter { !$0.value.isRemoved && ($0.value.locator == nil) == (kind == .byID) }
                .map { Tombstone(id: $0.key, locator: $0.value.locator) }
                .filter { tombstone in id.map { $0 < tombstone.id } ?? true }
                .sorted { $0.id < $1.id }.prefix(limit).map { $0 }
        }
    }

    package func markRemoved(_ ids: [FileID]) async throws(StorageError) {
        self.change { state in
            for id in ids { state.deletions[id]?.isRemoved = true }
        }
    }

    package func findForgettable(now: Timestamp, limit: Int) -> Lookup<[FileID]> {
        self.look { state in
            Array(state.deletions.filter { $0.value.isRemoved && $0.value.forgetAfter < now }.keys.prefix(limit))
        }
    }

    package func forget(_ ids: [FileID]) async throws(StorageError) {
        self.change { state in
            for id in ids where state.deletions[id]?.isRemoved == true { state.deletions[id] = nil }
        }
    }
}

extension MemoryRows: RevocationRows {
    package func revokeURLs(
        of id: FileID, of organization: OrganizationID, now: Timestamp
    ) async throws(StorageError) -> RevocationOutcome {
        self.change { state in
            guard let record = state.file(id, of: organization, now: now) else { return .missing }
            if let moment = record.urlsRevokedAt, moment >= now { return .revokedBefore(moment) }
            state.files[id]?.record = record.revoked(at: now)
            state.note(.urlsRevoked, of: record, at: now)
            return .revoked
        }
    }

    package func findRevocations(since moment: Timestamp) -> Lookup<[FileID: Timestamp]> {
        self.look { state in
            state.files.compactMapValues(\.record.urlsRevokedAt).filter { $0.value >= moment }
        }
    }
}
