import CloakroomDisk
import CloakroomSQLite
import CloakroomStore
import CloakroomSystem

/// What a new backup can take over from the one before: files with a second name, which take no room.
final class SharedBlobs {
    private let blobs: BlobSource
    private let verifier: BlobVerifier
    private let onDamage: (DamagedFile) -> Void
    private let catalog: BackupCatalog
    /// Packs that hold what the new one needs, and nothing else.
    private let packs: Set<PackID>

    /// Looks at the backup before.
    init(
        _ root: Directory, at path: String, for catalog: BackupCatalog, check: SharedFileCheck,
        _ onDamage: @escaping (DamagedFile) -> Void
    ) throws(BackupError) {
        self.onDamage = onDamage
        self.blobs = try BlobSource(in: root, at: path)
        let verifier = BlobVerifier(self.blobs, reads: check == .bytes ? .everything : .nothing)
        self.verifier = verifier
        let previous = try BackupCatalog(opening: "\(path)/\(Catalog.fileName)", system: root.system)
        self.catalog = previous
        self.packs = try PackComparison(catalog, with: previous) { verifier.isRight($0, onDamage) }.packs
    }

    /// Takes a blob over that has a file of its own; `false` where there is none such.
    func link(_ file: SealedFile, to target: BlobTarget) throws(SystemCallError) -> Bool {
        // After a restoration, the same file may have been sealed with other bytes of the same length.
        guard self.catalog.has(file), self.verifier.isRight(file, self.onDamage) else { return false }
        return try Self.unlessRejected { () throws(SystemCallError) in try target.link(file.id, from: self.blobs) }
    }

    /// Takes a pack over; `false` where there is none that holds what is needed, and nothing else.
    func link(_ pack: PackID, to target: BlobTarget) throws(SystemCallError) -> Bool {
        guard self.packs.contains(pack) else { return false }
        return try Self.unlessRejected { () throws(SystemCallError) in try target.link(pack, from: self.blobs) }
    }

    private static func unlessRejected(_ link: () throws(SystemCallError) -> Void) throws(SystemCallError) -> Bool {
        do throws(SystemCallError) {
            try link()
            return true
        } catch {
            guard error.rejectsLink else { throw error }
            return false
        }
    }
}
