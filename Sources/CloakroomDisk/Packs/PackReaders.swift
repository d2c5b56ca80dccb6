import CloakroomDomain
import CloakroomStore
import Synchronization

/// Counts who reads the packed bodies of which files.
final class PackReaders: Sendable {
    private struct Readers {
        var count = 0
        /// To be done when the last one has gone.
        var afterwards: [@Sendable () -> Void] = []
    }

    private let readers = Mutex<[FileID: Readers]>([:])

    fileprivate func begin(_ id: FileID) {
        self.readers.withLock { $0[id, default: Readers()].count += 1 }
    }

    fileprivate func end(_ id: FileID) {
        let afterwards = self.readers.withLock { readers -> [@Sendable () -> Void] in
            guard var own = readers.removeValue(forKey: id) else { return [] }
            own.count -= 1
            guard own.count > 0 else { return own.afterwards }
            readers[id] = own
            return []
        }
        for body in afterwards { body() }
    }

    /// Whether somebody reads a file.
    func contains(_ id: FileID) -> Bool { self.readers.withLock { $0[id] != nil } }

    /// Keeps work until nobody reads a file, for the last reader's thread, which it must not hold up; returns whether
    /// there is no reader, and nothing was kept.
    func whenUnread(_ id: FileID, _ body: @escaping @Sendable () -> Void) -> Bool {
        self.readers.withLock { readers in
            guard readers[id] != nil else { return true }
            readers[id]?.afterwards.append(body)
            return false
        }
    }
}

/// One reader of a file's packed body, for as long as this object lives.
package final class PackReading: BlobReading {
    private let id: FileID
    private let readers: PackReaders

    init(_ id: FileID, of readers: PackReaders) {
        self.id = id
        self.readers = readers
        readers.begin(id)
    }

    deinit {
        self.readers.end(self.id)
    }
}
