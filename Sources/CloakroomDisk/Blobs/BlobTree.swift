package import CloakroomDomain
package import CloakroomSystem
import Glibc

/// Where blobs lie, for whoever opens them anew, beside a ``BlobStore`` or without one.
///
/// Nothing is made here, and nothing is kept open but the directories.
package struct BlobTree: Sendable {
    /// By the last byte of the file id; `nil` where a directory is missing.
    package let shards: [Directory?]
    /// Where packs lie; `nil` where that is missing.
    package let packs: Directory?

    package init(shards: [Directory?], packs: Directory?) {
        self.shards = shards
        self.packs = packs
    }

    /// Finds the blobs of a data directory, also one that a server has; what is missing is no failure.
    package init(_ directory: DataDirectory) throws(SystemCallError) {
        guard let root = try Directory.find(BlobStore.directoryName, in: directory.root) else {
            self.init(shards: Array(repeating: nil, count: BlobStore.shardCount), packs: nil)
            return
        }
        try self.init(in: root)
    }

    /// Finds the blobs in the directory that holds the shards and the packs; what is missing is no failure.
    package init(in root: Directory) throws(SystemCallError) {
        var shards: [Directory?] = []
        for shard in 0..<BlobStore.shardCount {
            shards.append(try Directory.find(BlobStore.shardName(shard), in: root))
        }
        self.init(shards: shards, packs: try Directory.find(PackStore.directoryName, in: root))
    }

    /// Opens a blob's own file.
    package func open(_ id: FileID) throws(SystemCallError) -> OpenFile {
        guard let shard = self.shards[Int(id.shard)] else { throw SystemCallError(.openat, code: ENOENT) }
        return OpenFile(try shard.open(id.uuid, flags: O_RDONLY | O_NOFOLLOW))
    }

    /// Whether a blob has a file of its own.
    package func contains(_ id: FileID) throws(SystemCallError) -> Bool {
        guard let shard = self.shards[Int(id.shard)] else { return false }
        return try shard.contains(id.uuid)
    }

    package func open(_ pack: PackID) throws(SystemCallError) -> OpenFile {
        guard let packs = self.packs else { throw SystemCallError(.openat, code: ENOENT) }
        return OpenFile(try packs.open(pack.fileName, flags: O_RDONLY | O_NOFOLLOW))
    }

    /// Returns the file whose blob a name in a shard's directory is; `nil` for a name that does not belong there.
    package static func fileID(named name: String, inShard shard: Int) -> FileID? {
        guard let id = FileID("file_" + name), Int(id.shard) == shard else { return nil }
        return id
    }
}
