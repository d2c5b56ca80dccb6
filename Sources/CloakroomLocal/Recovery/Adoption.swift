import CloakroomDisk
import CloakroomDomain
import CloakroomSQLite
package import CloakroomStore
import Logging

/// Pending rows whose blobs have a name.
extension Recovery {
    /// How many pending rows are looked at together.
    private static let adoptionBatch = 1_024

    /// Seals files that are still pending and have a blob of their own; to be called before requests.
    package func adoptBlobs() async throws(StorageError) {
        let (catalog, blobs) = (self.pair.catalog, self.pair.blobs)
        var cursor: Catalog.PendingCursor?
        repeat {
            let (after, page) = (cursor, Self.adoptionBatch)
            let (next, found) = try await self.pair.onDisk { () throws(StorageError) in
                let (next, ids) = try catalog.pendingFiles(after: after, limit: page)
                var found: [FileID] = []
                for id in ids where try blobs.hasOwnFile(id) { found.append(id) }
                return (next, found)
            }
            for id in found {
                do throws(StorageError) {
                    try await self.pair.alone(with: id) { () async throws(StorageError) in
                        guard let record = try catalog.file(id), record.seal == nil else { return }
                        guard let seal = try await blobs.adopt(id, record.declaration) else { return }
                        _ = try await catalog.seal(id, seal)
                    }
                } catch {
                    // It stays pending, and the next upload or start tries again.
                    blobs.health.report("A pending file cannot be sealed with the bytes that it has", id, error)
                }
            }
            cursor = next
        } while cursor != nil
    }
}
