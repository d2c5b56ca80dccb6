package import CloakroomDomain

/// Keys that are shown to a person as they are made: one that could not be shown is of no use to anybody.
extension APIKeys {
    /// A key could not be shown.
    package struct NotShown: Error, CustomStringConvertible {
        /// Why, and what became of the key.
        package let description: String
    }

    /// Makes a key and shows it; if that fails, the key is revoked again.
    package func create(
        for scope: APIKeyRecord.Scope, name: String, permissions: Set<Permission>, now: Timestamp,
        showing show: (APIKey) throws -> Void
    ) async throws {
        let (record, key) = try await self.create(for: scope, name: name, permissions: permissions, now: now)
        do {
            try show(key)
        } catch {
            throw await self.notShown(record.id, error, undoing: "revoked again") { () throws(StorageError) in
                _ = try await self.revoke(record.id, now: now)
            }
        }
    }

    /// Makes a key that takes the place of another and shows it; if that fails, the other stays as it was; `false`
    /// where there is no such key, or it is revoked or expired.
    package func rotate(
        _ id: APIKeyID, gracePeriodSeconds: Int64, now: Timestamp, showing show: (APIKey) throws -> Void
    ) async throws -> Bool {
        let old = try await self.rows.findKey(id).value()
        guard let old, let (record, key) = try await self.rotate(id, gracePeriodSeconds: gracePeriodSeconds, now: now)
        else { return false }
        do {
            try show(key)
            return true
        } catch {
            throw await self.notShown(
                record.id, error, undoing: "revoked again, and \(id) works as before"
            ) { () throws(StorageError) in
                try await self.rows.undoReplacement(of: old, by: record.id, now: now)
            }
        }
    }

    /// Makes the first key of a data directory and shows it; if that fails, there is none, and the next start makes it.
    package func createFirst(now: Timestamp, showing show: (APIKey) throws -> Void) async throws {
        guard try await self.list().isEmpty else { return }
        let (record, key) = try await self.create(
            for: .organization(.default), name: "first", permissions: Permission.defaults, now: now)
        do {
            try show(key)
        } catch {
            throw await self.notShown(
                record.id, error, undoing: "removed; the next start creates another"
            ) { () throws(StorageError) in try await self.rows.removeUnused(record.id) }
        }
    }

    /// Undoes what made a key that could not be shown, and says so.
    private func notShown(
        _ id: APIKeyID, _ reason: any Error, undoing outcome: String, _ undo: () async throws(StorageError) -> Void
    ) async -> NotShown {
        do throws(StorageError) {
            try await undo()
            return NotShown(description: "\(reason); the new key \(id) could not be shown and was \(outcome)")
        } catch {
            return NotShown(
                description: """
                    \(reason); the new key \(id) could not be shown, and it could not be revoked: \(error); \
                    revoke it with cloakroom keys revoke \(id)
                    """)
        }
    }
}
