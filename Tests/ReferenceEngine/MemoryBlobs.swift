package import CloakroomDomain
package import CloakroomStore
import NIOCore
import Synchronization

/// Bytes in memory, each upload at a locator of its own.
package final class MemoryBlobs: BlobEngine {
    private struct State {
        var bytes: [BlobLocator: ByteBuffer] = [:]
        var count: UInt64 = 0
    }

    private let rows: any LocatorRows
    private let state = Mutex(State())

    /// - Parameter rows: Asked which bytes count after a commit whose outcome nobody knows.
    package init(rows: any LocatorRows) {
        self.rows = rows
    }

    package func checkRoom(for size: ByteCount?) throws(StorageError) {}

    package func stage(_ body: StagingRequest) -> any StagedBody { MemoryStagedBody(body, in: self) }

    package func contains(_ id: FileID, at locator: BlobLocator?) -> Lookup<Bool> {
        .now(.success(locator.map { self.bytes(at: $0) != nil } ?? false))
    }

    package func beginReading(_ id: FileID) -> (any BlobReading)? { nil }

    package func open(_ placement: Placement, _ reading: (any BlobReading)?) -> Lookup<(any OpenBlob)?> {
        .now(.success(placement.locator.flatMap { self.bytes(at: $0) }.map { MemoryBlob(placement, $0) }))
    }

    package func discard(_ stored: StoredBody, of id: FileID, after error: StorageError?) async -> Bool {
        guard let locator = stored.locator else { return true }
        do throws(StorageError) {
            if try await self.rows.refers(id, to: locator).value() { return false }
            self.remove(locator)
        } catch {
            // A row may refer to them.
        }
        return true
    }

    package func release(_ locator: BlobLocator, of id: FileID) async throws(StorageError) { self.remove(locator) }

    package func remove(_ tombstone: Tombstone) async throws(StorageError) {
        if let locator = tombstone.locator { self.remove(locator) }
    }

    package func removeDurably(_ tombstones: [Tombstone]) async throws(StorageError) -> [FileID] {
        for locator in tombstones.compactMap(\.locator) { self.remove(locator) }
        return tombstones.map(\.id)
    }

    func add(_ bytes: ByteBuffer) -> BlobLocator {
        self.state.withLock { state in
            state.count += 1
            let locator = BlobLocator(ofRightLength: Array("\(state.count)".utf8))
            state.bytes[locator] = bytes
            return locator
        }
    }

    private func bytes(at locator: BlobLocator) -> ByteBuffer? { self.state.withLock { $0.bytes[locator] } }

    private func remove(_ locator: BlobLocator) { self.state.withLock { $0.bytes[locator] = nil } }
}
