package import CloakroomDisk
import CloakroomDomain
package import CloakroomSQLite
package import CloakroomStore

/// The default pair of engines, with what they share with the use cases in this process.
package struct LocalPair: Sendable {
    package let catalog: Catalog
    package let blobs: BlobStore
    let shared: Storage.Shared

    var health: StorageHealth { self.blobs.health }

    /// Runs a call that blocks on the disk on a thread that may block.
    func onDisk<Value: Sendable>(
        _ body: @escaping @Sendable () throws(StorageError) -> Value
    ) async throws(StorageError) -> Value {
        try await self.blobs.onDisk(body)
    }

    /// Runs work as the only one for a file.
    func alone<Value: Sendable>(
        with id: FileID, _ body: @Sendable () async throws(StorageError) -> Value
    ) async throws(StorageError) -> Value {
        try await self.shared.locks.take(id, body)
    }

    /// Drops what is in memory of a file.
    func forgetInMemory(_ id: FileID) {
        self.shared.caches.drop(id)
        self.forgetVerified(id)
    }

    /// Lets the next reader verify a blob again.
    func forgetVerified(_ id: FileID) {
        self.shared.verified.remove(id)
        // What is kept open was verified before, and would be a reader, for whom its slot is kept.
        self.shared.openBlobs.forget(id)
    }

    /// Seals a row, if it is pending, by a slot that is durable and whole.
    func seal(by header: PackSlotHeader) async throws(StorageError) {
        guard let row = try self.catalog.file(header.id), row.seal == nil else { return }
        // A look-up would find this first.
        if try self.blobs.hasOwnFile(header.id) { _ = try self.blobs.moveToQuarantine(header.id) }
        _ = try await self.catalog.seal(
            header.id, header.seal, at: header.slot.locator, durability: .rebuildable)
    }

    /// Copies the write-ahead log into the database, and counts a generation of the store, where something has changed.
    package func checkpoint() async throws(StorageError) {
        self.blobs.countQuarantine()
        try await self.catalog.checkpoint()
    }
}
