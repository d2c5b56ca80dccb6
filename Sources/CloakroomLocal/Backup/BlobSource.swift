import CloakroomDisk
import CloakroomDomain
import CloakroomSystem
import Glibc

/// The blobs of a data directory or of a backup, to be read and linked.
///
/// Three stores may be open at a time: shards are looked up by their names, and only two directories are held open.
struct BlobSource: Sendable {
    /// The data directory's or the backup's path.
    let path: String
    private let blobs: Directory?
    private let packs: Directory?

    /// Opens the blobs of a data directory or a backup, in which there need not have been any ever.
    init(in root: Directory, at path: String) throws(BackupError) {
        let blobs = try BackupError.at(path, Directory.find(BlobStore.directoryName, in: root))
        self.path = path
        self.blobs = blobs
        self.packs =
            if let blobs { try BackupError.at(path, Directory.find(PackStore.directoryName, in: blobs)) } else { nil }
    }

    /// Returns what a call on it gives; a failure says that a file is damaged, or that the copy cannot go on.
    func reading<Value>(_ call: @autoclosure () throws(SystemCallError) -> Value) throws(BlobCopyFailure) -> Value {
        do throws(SystemCallError) {
            return try call()
        } catch {
            if let damage = BlobDamage(error) { throw .damage(damage) }
            throw .copy(BackupError(error, at: self.path))
        }
    }

    func open(_ id: FileID) throws(SystemCallError) -> OpenFile {
        try Self.open(Self.path(of: id), in: self.blobs)
    }

    func open(_ pack: PackID) throws(SystemCallError) -> OpenFile {
        try Self.open(pack.fileName, in: self.packs)
    }

    private static func open(_ name: String, in directory: Directory?) throws(SystemCallError) -> OpenFile {
        guard let directory else { throw SystemCallError(.openat, code: ENOENT) }
        return OpenFile(try directory.open(name, flags: O_RDONLY | O_NOFOLLOW))
    }

    /// Gives a blob's own file a name in another directory, too.
    func link(_ id: FileID, to directory: Directory) throws(SystemCallError) {
        guard let blobs else { throw SystemCallError(.linkat, code: ENOENT) }
        try blobs.link(Self.path(of: id), to: directory, as: id.uuid)
    }

    /// Gives a pack a name in another directory, too.
    func link(_ pack: PackID, to directory: Directory) throws(SystemCallError) {
        guard let packs else { throw SystemCallError(.linkat, code: ENOENT) }
        try packs.link(pack.fileName, to: directory, as: pack.fileName)
    }

    private static func path(of id: FileID) -> String { "\(BlobStore.shardName(Int(id.shard)))/\(id.uuid)" }
}

extension SystemCallError {
    /// Whether a second name was rejected for a reason that leaves copying as a way: too many names, another file
    /// system, one without second names, another owner, or no such file.
    var rejectsLink: Bool {
        self.call == .linkat && [EMLINK, EXDEV, EOPNOTSUPP, ENOSYS, EPERM, EACCES, ENOENT].contains(self.code)
    }
}
