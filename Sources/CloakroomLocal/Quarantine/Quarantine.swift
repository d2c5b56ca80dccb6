import CloakroomDisk
package import CloakroomDomain
package import CloakroomStore
package import CloakroomSystem
import Glibc

/// The directory in which damaged bodies and those without rows are kept: `blobs/quarantine`.
package struct Quarantine: Sendable {
    /// Something that is kept.
    package struct Entry: Hashable, Sendable {
        /// Its name: a file's UUID, perhaps with a number, or what else it is.
        package let name: String
        /// In bytes.
        package let size: Int64
        /// When its status changed last, as when it was moved here, in seconds of the Unix epoch.
        package let since: Int64
    }

    static let path = "\(BlobStore.directoryName)/\(BlobStore.quarantineName)"

    /// `nil` where there is none.
    private let directory: Directory?

    init(_ data: DataDirectory) throws(SystemCallError) {
        let blobs = try Directory.find(BlobStore.directoryName, in: data.root)
        self.directory = try blobs.flatMap { blobs throws(SystemCallError) in
            try Directory.find(BlobStore.quarantineName, in: blobs)
        }
    }

    /// Lists what is kept, by name; whatever is no file is left out.
    func entries() throws(SystemCallError) -> [Entry] {
        guard let directory else { return [] }
        var entries: [Entry] = []
        for name in try directory.names().sorted() {
            do throws(SystemCallError) {
                let status = try directory.open(name, flags: O_RDONLY | O_NOFOLLOW | O_NONBLOCK).status()
                guard status.mode & S_IFMT == S_IFREG else { continue }
                entries.append(
                    Entry(name: name, size: status.size, since: status.changed / 1_000_000_000))
            } catch {
                // Purged meanwhile, or somebody else's link.
                guard error.code == ENOENT || error.code == ELOOP else { throw error }
            }
        }
        return entries
    }

    /// Removes what has been kept for longer than so many seconds, and returns it; on return that is durable.
    package static func purge(
        _ data: DataDirectory, olderThan seconds: Int64, now: Timestamp
    ) throws(StorageError) -> [Entry] {
        do throws(SystemCallError) {
            let quarantine = try Quarantine(data)
            let end = now.advanced(bySeconds: -seconds).secondsSinceEpoch
            let old = try quarantine.entries().filter { $0.since <= end }
            for entry in old { try quarantine.directory?.remove(entry.name) }
            try quarantine.directory?.synchronize()
            return old
        } catch {
            throw error.storageError
        }
    }
}
