package import CloakroomDomain

package final class Deletions: Sendable {
    private let rows: any DeletionRows & FileRows
    private let blobs: any BlobEngine
    private let locks: FileLocks
    private let caches: RowCaches

    init(rows: any DeletionRows & FileRows, blobs: any BlobEngine, locks: FileLocks, caches: RowCaches) {
        self.rows = rows
        self.blobs = blobs
        self.locks = locks
        self.caches = caches
    }

    /// Deletes an organization's file.
    package func delete(_ id: FileID, access: OrganizationAccess, now: Timestamp) async throws(StorageError) {
        // On return the row is durably gone, and so are the bytes. Open readers keep them: space is freed when the last
        // one closes. The row goes first and leaves a tombstone. If a crash left bytes, a start or the sweep finds the
        // tombstone and removes them.
        let organization = access.organization
        // Nobody else's request waits for a turn, whose length would tell that there is such a file.
        guard try await self.rows.find(id, of: organization, now: now).value() != nil else { throw .notFound }
        try await self.locks.take(id) { () async throws(StorageError) in
            guard let tombstone = try await self.rows.delete(id, of: organization, now: now) else { throw .notFound }
            self.caches.drop(id)
            try await self.blobs.remove(tombstone)
        }
    }
}
