import CloakroomDisk
import CloakroomDomain
import CloakroomSQLite
import CloakroomStore
import CloakroomSystem
import Glibc

/// A copy of a store: its catalogue as of one moment, then the bytes of the files that were ready at that moment.
///
/// The store may change meanwhile. The bytes of a file that is ready never do, so what the catalogue says of them is
/// still true when they are copied, unless the file has been deleted since: then its row is removed from the copy, too.
/// In this order: whoever deletes a file removes its row before its bytes. Used by one thread.
final class StoreCopy {
    struct Source {
        let root: Directory
        let path: String
        /// The catalogue of a store that may change meanwhile; `nil` for a backup, which does not.
        let live: Catalog?
    }

    /// The backup before, on the same file system.
    struct Previous {
        let root: Directory
        let path: String
    }

    private let source: Source
    private let target: Directory
    private let path: String
    private let catalogName: String
    private let rules: CopyRules
    private let catalog: BackupCatalog
    private let sourceBlobs: BlobSource
    private let targetBlobs: BlobTarget
    private let shared: SharedBlobs?
    private var summary = CopySummary()

    /// Copies the catalogue: what is copied is the store of this moment.
    init(
        of source: Source, into target: Directory, at path: String, catalogName: String = Catalog.fileName,
        sharing previous: Previous? = nil, rules: CopyRules
    ) throws(BackupError) {
        self.source = source
        self.target = target
        self.path = path
        self.catalogName = catalogName
        self.rules = rules
        self.sourceBlobs = try BlobSource(in: source.root, at: source.path)
        self.targetBlobs = try BlobTarget(in: target, at: path)
        let original = try BackupCatalog(
            opening: "\(source.path)/\(Catalog.fileName)", system: source.root.system)
        let size = try original.size()
        guard self.targetBlobs.hasRoom(for: size) else { throw .full(path: path) }
        let catalog = try original.copy(to: "\(path)/\(catalogName)", system: target.system)
        self.catalog = catalog
        let shared = Result { () throws(BackupError) in
            try StoreCopy.share(previous, with: catalog, rules)
        }
        self.shared = try? shared.get()
        // A backup that cannot be read keeps nobody from making a new one.
        if case .failure(let error) = shared { self.summary.unusablePrevious = error }
    }

    private static func share(
        _ previous: Previous?, with catalog: BackupCatalog, _ rules: CopyRules
    ) throws(BackupError) -> SharedBlobs? {
        guard let previous else { return nil }
        return try SharedBlobs(
            previous.root, at: previous.path, for: catalog, check: rules.sharedFiles, rules.onDamage)
    }

    /// Copies the bytes, makes everything durable but the directory's own name, and verifies it.
    func run() throws(BackupError) -> CopySummary {
        var files = self.catalog.files(.byID)
        while let file = try files.next() {
            if file.slot == nil { try self.copyOwnFile(file) }
        }
        try self.copyPacks()
        guard self.summary.damaged == 0 || self.rules.damage == .leavesPending else {
            throw .damaged(files: self.summary.damaged)
        }
        self.summary.hasSigningKeys = try SigningKeyFile.copy(
            from: self.source.root, at: self.source.path, to: self.target, at: self.path)
        try self.finish()
        self.summary.files = try StoreVerification(
            store: self.target, path: self.path, catalogName: self.catalogName
        ).run()
        return self.summary
    }

    // MARK: Bytes

    private func copyOwnFile(_ file: SealedFile) throws(BackupError) {
        if let shared, try BackupError.at(self.path, shared.link(file, to: self.targetBlobs)) {
            self.summary.shared = self.summary.shared + file.size
            return
        }
        do throws(BlobCopyFailure) {
            try BlobCopy(source: self.sourceBlobs, target: self.targetBlobs).copy(file)
            self.summary.copied = self.summary.copied + file.size
        } catch {
            try self.settle(file, error)
        }
    }

    private func copyPacks() throws(BackupError) {
        var files = self.catalog.files(.byPlace)
        var pack: PackID?
        var copy: PackCopy?
        while let file = try files.next(), let slot = file.slot {
            if slot.pack != pack {
                try copy?.end()
                copy = try self.begin(slot.pack)
                pack = slot.pack
            }
            if let copy {
                try self.copyPacked(file, slot, copy)
            } else {
                self.summary.shared = self.summary.shared + file.size
            }
        }
        try copy?.end()
    }

    /// Begins with a pack; `nil` where the one of the backup before is taken.
    private func begin(_ pack: PackID) throws(BackupError) -> PackCopy? {
        if let shared, try BackupError.at(self.path, shared.link(pack, to: self.targetBlobs)) { return nil }
        return try PackCopy(pack, from: self.sourceBlobs, to: self.targetBlobs)
    }

    private func copyPacked(_ file: SealedFile, _ slot: PackSlot, _ copy: PackCopy) throws(BackupError) {
        do throws(BlobCopyFailure) {
            try copy.copy(file, in: slot)
            self.summary.copied = self.summary.copied + file.size
        } catch {
            try self.settle(file, error)
        }
    }

    // MARK: What cannot be copied

    /// What has become of a file since the moment of the catalogue.
    private enum RowOutcome {
        case unchanged, deleted
        /// Its bytes were damaged, and it waits for them.
        case pending
        /// It has got its bytes again.
        case replaced(SealedFile)
    }

    /// Decides what the copy has of a file whose bytes could not be copied.
    private func settle(_ file: SealedFile, _ failure: BlobCopyFailure) throws(BackupError) {
        let damage: BlobDamage
        switch failure {
        case .copy(let error): throw error
        case .damage(let found): damage = found
        }
        switch try self.outcome(of: file) {
        case .deleted:
            try self.catalog.remove(file.id)
            self.summary.deleted += 1
        case .replaced(let file):
            guard file.slot == nil else { throw .moved(file.id) }
            try self.catalog.removeLocator(of: file.id)
            try self.copyOwnFile(file)
        case .pending: try self.leavePending(file)
        case .unchanged:
            self.rules.onDamage(DamagedFile(id: file.id, path: self.source.path, damage: damage))
            self.summary.damaged += 1
            try self.leavePending(file)
        }
    }

    private func outcome(of file: SealedFile) throws(BackupError) -> RowOutcome {
        guard let live = self.source.live else { return .unchanged }
        do throws(StorageError) {
            if let current = try live.sealedFile(file.id) { return current == file ? .unchanged : .replaced(current) }
            return try live.file(file.id) == nil ? .deleted : .pending
        } catch {
            throw BackupError(error, at: self.source.path)
        }
    }

    private func leavePending(_ file: SealedFile) throws(BackupError) {
        let end = self.rules.now.advanced(bySeconds: FileQuarantine.damagedGraceSeconds)
        try self.catalog.makePending(file.id, until: end)
    }

    /// Ends the changes, and makes everything durable.
    private func finish() throws(BackupError) {
        try self.catalog.finish()
        do throws(SystemCallError) {
            let file = OpenFile(try self.target.open(self.catalogName, flags: O_RDWR | O_NOFOLLOW))
            // SQLite makes its files with the mode that the process's mask leaves.
            try self.target.system.setMode(of: file.descriptor.rawValue, 0o600)
            try file.descriptor.synchronize()
            file.dropCache()
            try self.targetBlobs.synchronize()
        } catch {
            throw BackupError(error, at: self.path)
        }
    }
}
