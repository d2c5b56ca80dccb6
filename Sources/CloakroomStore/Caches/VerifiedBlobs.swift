package import CloakroomDomain
import Synchronization

/// Which blobs were read whole and found right since the start, in bounded memory: what was forgotten is verified again.
package final class VerifiedBlobs: Sendable {
    private let ids: Mutex<GenerationalCache<FileID, Void>>

    package init(capacity: Int) {
        self.ids = Mutex(GenerationalCache(capacity: capacity))
    }

    package func contains(_ id: FileID) -> Bool { self.ids.withLock { $0.find(id) != nil } }

    package func insert(_ id: FileID) {
        withExtendedLifetime(self.ids.withLock { $0.insert((), for: id) }) {}
    }

    package func remove(_ id: FileID) { self.ids.withLock { _ = $0.remove(id) } }
}
