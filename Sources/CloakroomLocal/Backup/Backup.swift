package import CloakroomDomain
package import CloakroomSQLite
package import CloakroomSystem
import Glibc

/// Copies a store into a directory of backups, also beside a running server, which does nothing for it.
///
/// Each backup is a whole data directory: the catalogue as it was at one moment, and the bytes of all files that were
/// ready then. Files that the backup before has already take no room: they get a second name. A backup is made under
/// another name, flushed, verified by what the disk has, and gets its own name at the very end. So a backup that has
/// its name is complete, whatever happened to the run.
package struct Backup {
    private let source: DataDirectory
    private let catalog: Catalog
    private let damage: DamagePolicy
    private let sharedFiles: SharedFileCheck
    private let onDamage: (DamagedFile) -> Void

    /// Names what is backed up, and how.
    package init(
        source: DataDirectory, catalog: Catalog, damage: DamagePolicy = .fails,
        sharedFiles: SharedFileCheck = .length, onDamage: @escaping (DamagedFile) -> Void = { _ in }
    ) {
        self.source = source
        self.catalog = catalog
        self.damage = damage
        self.sharedFiles = sharedFiles
        self.onDamage = onDamage
    }

    /// Makes a backup in a directory of backups, which is made where it is missing; on return the backup is durable.
    package func run(into path: String, now: Timestamp) throws(BackupError) -> (path: String, summary: CopySummary) {
        // It is called after the current time; the second after the one before is the earliest. After a failure nothing
        // is left of it, as far as the disk lets go.
        let nesting = Nesting(system: self.source.system)
        try nesting.check(path, apartFrom: self.source.root, self.source.path)
        try nesting.checkOutsideOfStores(path, itself: .mustNotBeOne)
        let directory = try BackupDirectory(path: path, creates: true, system: self.source.system)
        try directory.lock()
        defer { directory.unlock() }
        try directory.removeIncomplete()
        let previous = try directory.backups().last
        let name = BackupDirectory.name(after: previous, now: now)
        do throws(BackupError) {
            let summary = try self.copy(to: BackupDirectory.incomplete(name), in: directory, previous, now: now)
            try directory.publish(name)
            return (directory.path(of: name), summary)
        } catch {
            try? directory.remove(BackupDirectory.incomplete(name))
            throw error
        }
    }

    private func copy(
        to name: String, in directory: BackupDirectory, _ previous: String?, now: Timestamp
    ) throws(BackupError) -> CopySummary {
        let target = try directory.make(name)
        // Says what it is, for whoever takes it for a data directory; durable with the rest.
        let flags = O_RDWR | O_CREAT | O_NOFOLLOW
        _ = try BackupError.at(directory.path(of: name), target.open(DataDirectory.backupName, flags: flags))
        var earlier: StoreCopy.Previous?
        if let previous {
            let root = try directory.open(previous)
            earlier = StoreCopy.Previous(root: root, path: directory.path(of: previous))
        }
        let copy = try StoreCopy(
            of: .init(root: self.source.root, path: self.source.path, live: self.catalog), into: target,
            at: directory.path(of: name), sharing: earlier,
            rules: CopyRules(
                damage: self.damage, sharedFiles: self.sharedFiles, now: now, onDamage: self.onDamage))
        return try copy.run()
    }
}
