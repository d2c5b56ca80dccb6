import CloakroomDisk
package import CloakroomDomain
import CloakroomSQLite
import CloakroomStore
import CloakroomSystem
import Glibc

/// Makes a store of a backup, in a directory that is new or empty.
///
/// Everything is copied and verified as a backup is. The store shares nothing with the backup, which stays as it is.
package struct Restore {
    /// The catalogue's name until everything else is there.
    static let catalogName = "catalog.restoring"

    private let path: String
    private let damage: DamagePolicy
    private let onDamage: (DamagedFile) -> Void
    private let system: any OperatingSystem

    /// Names what is restored: a backup, or the latest of a directory of backups.
    package init(
        from path: String, damage: DamagePolicy = .fails, onDamage: @escaping (DamagedFile) -> Void = { _ in }
    ) {
        self.init(from: path, damage: damage, onDamage: onDamage, system: Linux())
    }

    /// Names what is restored, on some machine.
    init(
        from path: String, damage: DamagePolicy = .fails, onDamage: @escaping (DamagedFile) -> Void = { _ in },
        system: any OperatingSystem
    ) {
        self.path = path
        self.damage = damage
        self.onDamage = onDamage
        self.system = system
    }

    /// Restores into a directory that must be missing or empty; on return the store is durable, after a failure there
    /// is none.
    package func run(
        to destination: String, now: Timestamp
    ) throws(BackupError) -> (backup: String, summary: CopySummary) {
        let backup = try self.backup()
        let nesting = Nesting(system: self.system)
        try nesting.check(destination, apartFrom: backup.root, backup.path)
        try nesting.check(destination, apartFrom: self.given(), self.path)
        // A store that is there is found as any file that is; an interrupted restoration may have its catalogue.
        try nesting.checkOutsideOfStores(destination, itself: .mayBeOne)
        let target = try RestoreTarget(path: destination, system: self.system)
        do throws(BackupError) {
            let copy = try StoreCopy(
                of: .init(root: backup.root, path: backup.path, live: nil), into: target.directory, at: target.path,
                catalogName: Self.catalogName,
                rules: CopyRules(damage: self.damage, sharedFiles: .bytes, now: now, onDamage: self.onDamage))
            let summary = try copy.run()
            try self.beginHistory(of: target)
            try target.publish(catalogName: Self.catalogName)
            return (backup.path, summary)
        } catch {
            target.abandon()
            throw error
        }
    }

    /// Gives the store an identity of its own, in its catalogue and beside its blobs: it goes on from the backup, and what
    /// the other store has since is not its.
    private func beginHistory(of target: RestoreTarget) throws(BackupError) {
        let path = "\(target.path)/\(Self.catalogName)"
        let identity: StoreIdentity
        do throws(StorageError) {
            identity = try StoreIdentity.generate(on: self.system)
        } catch {
            throw BackupError(error, at: path)
        }
        let catalog = try BackupCatalog(changing: path, system: self.system)
        guard try catalog.change(identity) else { return }
        let flags = O_RDWR | O_NOFOLLOW
        try BackupError.at(path, target.directory.open(Self.catalogName, flags: flags).synchronize())
        let blobs = try BackupError.at(path, Directory(in: target.directory, BlobStore.directoryName))
        try BackupError.at(path, IdentityFile(directory: blobs).write(identity))
    }

    /// Opens the directory that was named: the backup, or the directory of backups that it is in.
    private func given() throws(BackupError) -> Directory {
        try BackupDirectory(path: self.path, creates: false, system: self.system).root
    }

    private func backup() throws(BackupError) -> (root: Directory, path: String) {
        guard !BackupDirectory.isIncomplete(path: self.path) else { throw .incomplete(path: self.path) }
        let directory = try BackupDirectory(path: self.path, creates: false, system: self.system)
        if try directory.isBackup() { return (directory.root, self.path) }
        guard let latest = try directory.backups().last else { throw .nothingThere(path: self.path) }
        return (try directory.open(latest), directory.path(of: latest))
    }
}
