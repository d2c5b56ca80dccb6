import CloakroomDomain
import Synchronization

/// The declared files that are being uploaded to this process.
///
/// The sweep leaves them alone, however long an upload takes.
final class UploadsUnderWay: Sendable {
    /// One upload, for as long as this object lives.
    final class Upload: Sendable {
        private let id: FileID
        private let uploads: UploadsUnderWay

        fileprivate init(_ id: FileID, _ uploads: UploadsUnderWay) {
            self.id = id
            self.uploads = uploads
        }

        deinit {
            self.uploads.end(self.id)
        }
    }

    private let counts = Mutex<[FileID: Int]>([:])

    /// Begins an upload.
    func begin(_ id: FileID) -> Upload {
        self.counts.withLock { $0[id, default: 0] += 1 }
        return Upload(id, self)
    }

    private func end(_ id: FileID) {
        self.counts.withLock { counts in
            guard let count = counts[id], count > 1 else {
                counts[id] = nil
                return
            }
            counts[id] = count - 1
        }
    }

    /// The files that are being uploaded.
    var files: Set<FileID> { self.counts.withLock { Set($0.keys) } }
}
