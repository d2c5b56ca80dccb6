package import CloakroomDomain

/// Deletions: a row goes and leaves a tombstone, by which the bytes are removed.
package protocol DeletionRows: Sendable {
    /// Removes an organization's file, and returns its tombstone; `nil` where the organization has no such file.
    func delete(_ id: FileID, of organization: OrganizationID, now: Timestamp) async throws(StorageError) -> Tombstone?
    /// Removes files that have expired, pending and ready ones, and returns them. Their idempotency keys stay used.
    func deleteExpired(now: Timestamp, limit: Int) async throws(StorageError) -> [FileID]
    /// Removes pending files whose upload expired more than ``Retention/uploadGraceSeconds`` ago, but for those whose
    /// bytes are on the way, and returns how many; their idempotency keys are free.
    func deleteAbandoned(
        now: Timestamp, limit: Int, except uploads: Set<FileID>
    ) async throws(StorageError) -> Int
    /// Looks up tombstones whose bytes may still be there, in the order of their ids, behind a file; `nil` begins with
    /// the first of all.
    func findTombstones(
        _ kind: TombstoneKind, after id: FileID?, limit: Int
    ) -> Lookup<[Tombstone]>
    /// Notes that the bytes of deleted files are durably gone.
    func markRemoved(_ ids: [FileID]) async throws(StorageError)
    /// Looks up deleted files that no upload can bring back any more.
    func findForgettable(now: Timestamp, limit: Int) -> Lookup<[FileID]>
    /// Removes tombstones of files whose bytes are durably gone.
    func forget(_ ids: [FileID]) async throws(StorageError)
}

/// Tombstones by the place of their bytes.
package enum TombstoneKind: Hashable, Sendable, CaseIterable {
    /// Those without a locator.
    case byID
    /// Those with one.
    case located
}
