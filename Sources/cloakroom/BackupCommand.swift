import ArgumentParser
import CloakroomDomain
import CloakroomLocal
import CloakroomSQLite
import CloakroomStore
import CloakroomSystem

struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Back up a data directory.",
        discussion: """
            Adds a backup to a directory of backups and prints its path. Backups in the same directory share the files \
            that have not changed. A server may be running.

            Make a backup, and restore the latest one:
              cloakroom backup /var/backups/cloakroom
              cloakroom restore /var/backups/cloakroom --data-dir restored-data
            """)

    @Argument(
        help: ArgumentHelp(
            "The directory of backups, created if it is missing. Each backup is named after its time in UTC.",
            valueName: "dir"))
    var backups: String
    @Flag(help: "Also read the files shared with the previous backup, and copy damaged ones again.")
    var verifyAll = false
    @Flag(help: "Continue if a file is damaged. It is pending in the backup and can be uploaded again.")
    var allowDamaged = false
    @OptionGroup var directory: DataDirectoryOption

    func run() async throws {
        try await ExitCode.reporting {
            let source = try self.directory.open()
            let health = StorageHealth(logger: .standardError())
            let path = try await LocalRows.with(source, health: health) { try self.backUp(source, $0.catalog) }
            try StandardOutput.print(TerminalText.escape(path))
        }
    }

    /// Makes the backup, and returns its path.
    private func backUp(_ source: DataDirectory, _ catalog: Catalog) throws(BackupError) -> String {
        let report = CopyReport()
        let backup = Backup(
            source: source, catalog: catalog, damage: self.allowDamaged ? .leavesPending : .fails,
            sharedFiles: self.verifyAll ? .bytes : .length, onDamage: { StandardError.write("\($0)") })
        let (path, summary) = try backup.run(into: self.backups, now: SystemClock().now)
        report.show(summary)
        return path
    }
}
