import ArgumentParser
import CloakroomDomain
import CloakroomLocal
import Glibc

struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Restore a data directory from a backup.",
        discussion: """
            The data directory must be missing or empty. Prints its path.

            Restore the latest backup:
              cloakroom restore /var/backups/cloakroom --data-dir restored-data
            """)

    @Argument(help: "A backup, or a directory of backups, from which the latest is taken.")
    var backup: String
    @Flag(help: "Continue if a file of the backup is damaged. It is pending afterwards and can be uploaded again.")
    var allowDamaged = false
    @OptionGroup var directory: DataDirectoryOption

    func run() async throws {
        // Everything in the data directory is the owner's alone, SQLite's files among it.
        umask(0o077)
        let report = CopyReport()
        let restore = Restore(
            from: self.backup, damage: self.allowDamaged ? .leavesPending : .fails,
            onDamage: { StandardError.write("\($0)") })
        try await ExitCode.reporting {
            let (backup, summary) = try restore.run(to: self.directory.path, now: SystemClock().now)
            report.show(summary)
            StandardError.write("restored from \(backup)")
        }
        try StandardOutput.print(TerminalText.escape(self.directory.path))
    }
}
