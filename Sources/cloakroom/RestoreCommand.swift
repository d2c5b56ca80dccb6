import ArgumentParser
import CloakroomServer
import CloakroomStorage
import Glibc

/// The command `cloakroom restore BACKUP`.
struct RestoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Makes a data directory of a backup; the directory must not be there, or be empty.")

    @Argument(help: "A backup, or a directory of backups: then the latest.")
    var backup: String
    @Flag(help: "Goes on where a file of the backup is damaged: it waits for its upload again.")
    var allowDamaged = false
    @OptionGroup var directory: DataDirectoryOption

    func run() throws {
        // Everything in the data directory is the owner's alone, SQLite's files among it.
        umask(0o077)
        let report = CopyReport()
        let restore = Restore(
            from: self.backup, damage: self.allowDamaged ? .leavesPending : .fails,
            onDamage: { StandardError.write("\($0)") })
        do throws(BackupError) {
            let (backup, summary) = try restore.run(to: self.directory.path, now: SystemClock().now)
            report.show(summary)
            StandardError.write("restored from \(backup)")
            print(self.directory.path)
        } catch {
            StandardError.write("\(error)")
            throw ExitCode.failure
        }
    }
}
