package import CloakroomDomain

/// What decides before a body arrives whether a new file is admitted: quotas and idempotency keys.
package protocol AdmissionRows: Sendable {
    /// Whether an organization's idempotency key has been used and not been forgotten.
    func hasSeen(_ key: IdempotencyKey, from organization: OrganizationID) -> Lookup<Bool>
    /// Looks up why a file does not fit into its organization's quota at this moment; only the insertion decides.
    func findExcess(adding size: ByteCount, to organization: OrganizationID) -> Lookup<Quota.Excess?>
    /// Takes back a pending file that came with an idempotency key and could not be stored: its row becomes a tombstone, and
    /// the key is free. A ready file stays.
    func withdraw(_ id: FileID, of organization: OrganizationID, now: Timestamp) async throws(StorageError)
    /// Forgets idempotency keys older than ``IdempotencyKey/lifetimeSeconds``, and returns how many.
    func forgetIdempotencyKeys(now: Timestamp, limit: Int) async throws(StorageError) -> Int
}
