package import CloakroomDomain
package import CloakroomStore
import Logging

/// The bytes, for the use cases.
extension BlobStore: BlobEngine {
    package func checkRoom(for size: ByteCount?) throws(StorageError) {
        try self.health.checkWrites()
        if let size { try self.checkSpace(for: size) }
    }

    package func stage(_ body: StagingRequest) -> any StagedBody { StagedBlob(body, in: self) }

    package func contains(_ id: FileID, at locator: BlobLocator?) -> Lookup<Bool> {
        Lookup { () throws(StorageError) in try self.contains(id, in: locator.map { PackSlot($0) }) }
    }

    package func beginReading(_ id: FileID) -> (any BlobReading)? { self.packs.beginReading(id) }

    package func open(_ placement: Placement, _ reading: (any BlobReading)?) -> Lookup<(any OpenBlob)?> {
        Lookup { () throws(StorageError) in
            let reading = reading as? PackReading ?? self.packs.beginReading(placement.id)
            return try self.openBlob(placement, reading)
        }
    }

    // MARK: Removal

    package func discard(_ stored: StoredBody, of id: FileID, after error: StorageError?) async -> Bool {
        guard let locator = stored.locator else { return await self.discardOwnFile(of: id, after: error) }
        do throws(StorageError) {
            if let error, error != .full {
                // A commit whose flush failed may still be in the WAL, where the next start would find it. Another commit
                // takes its place. Where that fails, the slot stays for start-up, which sees what counts.
                try await self.rows.checkWritable()
            }
            if try await self.rows.refers(id, to: locator).value() { return false }
            try await self.onDisk { () throws(StorageError) in try self.packs.freeDurably(PackSlot(locator)) }
            return true
        } catch let failure {
            // A pending row's slot must not come back beside a later upload's.
            if error != nil {
                self.health.rejectWrites("a slot of \(id) cannot be freed: \(failure)")
            } else {
                self.health.report("A slot cannot be freed", id, failure)
            }
            return true
        }
    }

    /// After another failure than a full disk the blob stays: a row that says ready must find it, and a pending row is sealed
    /// with it by the next upload or start.
    private func discardOwnFile(of id: FileID, after error: StorageError?) async -> Bool {
        let isKept = error != nil && error != .full
        do throws(StorageError) {
            if isKept { try await self.rows.checkWritable() }
            // One that was sealed before refers to the same name.
            if try await self.rows.refers(id, to: nil).value() { return false }
            if !isKept { try await self.onDisk { () throws(StorageError) in try self.removeNameDurably(id) } }
        } catch let failure {
            if !isKept { self.health.report("A blob cannot be removed", id, failure) }
        }
        return true
    }

    package func release(_ locator: BlobLocator, of id: FileID) async throws(StorageError) {
        try await self.onDisk { () throws(StorageError) in try self.packs.free(PackSlot(locator), of: id) }
    }

    package func remove(_ tombstone: Tombstone) async throws(StorageError) {
        try await self.onDisk { () throws(StorageError) in
            try self.removeName(tombstone.id)
            // The sweep does it again where this fails.
            if let slot = tombstone.slot { try? self.packs.free(slot, of: tombstone.id) }
        }
    }

    package func removeDurably(_ tombstones: [Tombstone]) async throws(StorageError) -> [FileID] {
        try await self.onDisk { () throws(StorageError) in
            let packed = tombstones.compactMap { tombstone in tombstone.slot.map { (tombstone.id, $0) } }
            let ids = tombstones.filter { $0.locator == nil }.map(\.id)
            return self.packs.free(packed) + (try self.removeNamesDurably(ids))
        }
    }

    /// Removes blobs' own files, and returns those that are durably gone; one that resists does not keep the others.
    private func removeNamesDurably(_ ids: [FileID]) throws(StorageError) -> [FileID] {
        var removed: [FileID] = []
        for id in ids {
            do throws(StorageError) {
                try self.removeName(id)
                removed.append(id)
            } catch {
                self.health.report("A deleted file's bytes cannot be removed", id, error)
            }
        }
        try self.synchronizeDirectories(of: removed)
        return removed
    }
}
