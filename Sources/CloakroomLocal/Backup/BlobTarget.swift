import CloakroomDisk
import CloakroomDomain
import CloakroomStore
import CloakroomSystem
import Glibc

/// The blobs of a store that is being made; used by one thread.
final class BlobTarget {
    /// The path of the store.
    let path: String
    private let root: Directory
    private let blobs: Directory
    private let packs: Directory
    private let shards: [Directory]
    /// In which shards there are names that may not be durable.
    private var changedShards: Set<UInt8> = []

    /// Makes the directories, down to those that stay empty.
    init(in root: Directory, at path: String) throws(BackupError) {
        let blobs = try BackupError.at(path, Directory(in: root, BlobStore.directoryName))
        (self.path, self.root, self.blobs) = (path, root, blobs)
        self.shards = try BackupError.at(path, BlobStore.openShards(blobs))
        self.packs = try BackupError.at(path, Directory(in: blobs, PackStore.directoryName))
        _ = try BackupError.at(path, Directory(in: blobs, BlobStore.stagingName))
    }

    /// Returns what a call on it gives; after a failure the copy cannot go on.
    func writing<Value>(_ call: @autoclosure () throws(SystemCallError) -> Value) throws(BlobCopyFailure) -> Value {
        do throws(SystemCallError) {
            return try call()
        } catch {
            throw .copy(BackupError(error, at: self.path))
        }
    }

    /// Whether so many more bytes leave the room alone that a server on the same disk needs to commit deletions.
    func hasRoom(for bytes: Int64) -> Bool {
        guard let free = self.root.freeSpace()?.bytes else { return true }
        return free - DiskReserve.untouchedBytes >= bytes
    }

    private func shard(of id: FileID) -> Directory {
        self.changedShards.insert(id.shard)
        return self.shards[Int(id.shard)]
    }

    /// Makes an empty file for a blob.
    func make(_ id: FileID) throws(SystemCallError) -> OpenFile {
        OpenFile(try self.shard(of: id).open(id.uuid, flags: O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW))
    }

    /// Makes an empty file for a pack.
    func make(_ pack: PackID) throws(SystemCallError) -> OpenFile {
        OpenFile(try self.packs.open(pack.fileName, flags: O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW))
    }

    /// Takes a blob over from a store on the same file system by giving it a second name.
    func link(_ id: FileID, from source: BlobSource) throws(SystemCallError) {
        try source.link(id, to: self.shard(of: id))
    }

    /// Takes a pack over from a store on the same file system by giving it a second name.
    func link(_ pack: PackID, from source: BlobSource) throws(SystemCallError) {
        try source.link(pack, to: self.packs)
    }

    func remove(_ id: FileID) throws(SystemCallError) { try self.shard(of: id).remove(id.uuid) }

    func remove(_ pack: PackID) throws(SystemCallError) { try self.packs.remove(pack.fileName) }

    /// Makes all names durable, up to those in the directory of the store.
    func synchronize() throws(SystemCallError) {
        for shard in self.changedShards.sorted() { try self.shards[Int(shard)].synchronize() }
        try self.packs.synchronize()
        try self.blobs.synchronize()
        try self.root.synchronize()
    }
}
