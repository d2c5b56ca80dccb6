import CloakroomCrypto
import CloakroomDisk
import CloakroomDomain
import CloakroomStore
import CloakroomSystem

/// Holds the bytes of a backup to the rows that refer to them, by what the disk has; used by one thread.
///
/// Packs stay open, and headers are not looked at: a ``BlobExamination`` of each file would open and read more.
final class BlobVerifier {
    /// Which bytes are read; the lengths of all are looked at.
    enum Extent {
        case nothing
        /// Those in files that have one name only: the others came from an earlier backup, in which they were verified.
        case unshared
        case everything
    }

    private struct Pack {
        let file: OpenFile
        let length: Int64
        let isRead: Bool
    }

    /// Files that follow one another mostly lie in the same pack, or in one of a few.
    private static let openPacks = 16

    private let blobs: BlobSource
    private let extent: Extent
    private var packs: [PackID: Pack] = [:]

    init(_ blobs: BlobSource, reads extent: Extent) {
        self.blobs = blobs
        self.extent = extent
    }

    /// Returns what is wrong with a file's bytes; throws where a call failed that says nothing of them.
    func damage(of file: SealedFile) throws(SystemCallError) -> BlobDamage? {
        do throws(SystemCallError) {
            if let slot = file.slot { return try self.damage(of: file, in: slot) }
            let blob = try self.blobs.open(file.id)
            let status = try blob.descriptor.status()
            guard status.size == file.size.bytes else {
                return .wrongLength(expected: file.size.bytes, found: status.size)
            }
            guard self.reads(status) else { return nil }
            blob.dropCache()
            return Self.compare(try blob.digest(at: 0, count: file.size.bytes), file)
        } catch {
            guard let damage = BlobDamage(error) else { throw error }
            return damage
        }
    }

    /// Whether a file's bytes are right; not where that cannot be told.
    func isRight(_ file: SealedFile, _ onDamage: (DamagedFile) -> Void) -> Bool {
        do throws(SystemCallError) {
            guard let damage = try self.damage(of: file) else { return true }
            if damage != .missing { onDamage(DamagedFile(id: file.id, path: self.blobs.path, damage: damage)) }
            return false
        } catch {
            return false
        }
    }

    private func damage(of file: SealedFile, in slot: PackSlot) throws(SystemCallError) -> BlobDamage? {
        let pack = try self.pack(slot.pack)
        let found = pack.length - slot.bodyOffset
        guard found >= file.size.bytes else { return .wrongLength(expected: file.size.bytes, found: max(0, found)) }
        guard pack.isRead else { return nil }
        return Self.compare(try pack.file.digest(at: slot.bodyOffset, count: file.size.bytes), file)
    }

    private static func compare(_ digest: SHA256Digest?, _ file: SealedFile) -> BlobDamage? {
        digest == file.seal.sha256 ? nil : .wrongDigest
    }

    private func pack(_ id: PackID) throws(SystemCallError) -> Pack {
        if let pack = self.packs[id] { return pack }
        let file = try self.blobs.open(id)
        let status = try file.descriptor.status()
        let pack = Pack(file: file, length: status.size, isRead: self.reads(status))
        if pack.isRead { file.dropCache() }
        if self.packs.count >= Self.openPacks { self.packs = [:] }
        self.packs[id] = pack
        return pack
    }

    private func reads(_ status: FileStatus) -> Bool {
        switch self.extent {
        case .nothing: false
        case .unshared: status.links == 1
        case .everything: true
        }
    }
}
