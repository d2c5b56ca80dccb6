import ArgumentParser
import CloakroomServer
import CloakroomStorage
import Logging

/// The command `cloakroom backup DIR`.
struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Adds a backup of a data directory to a directory of backups, also beside a running server.")

    @Argument(
        help: ArgumentHelp(
            "The directory of backups, made where it is missing. Each backup is called after its time in UTC.",
            valueName: "dir"))
    var backups: String
    @Flag(help: "Reads what is shared with the backup before, too, and copies again what has been damaged there.")
    var verifyAll = false
    @Flag(help: "Goes on where a file is damaged: it waits in the backup for its upload again.")
    var allowDamaged = false
    @OptionGroup var directory: DataDirectoryOption

    func run() async throws {
        do {
            let source = try self.directory.open()
            guard source.holdsCatalog else { throw BackupError.nothingThere(path: source.path) }
            let logger = Logger(label: "cloakroom") { StreamLogHandler.standardError(label: $0) }
            let catalog = try Catalog(directory: source, owner: .command, health: StorageHealth(logger: logger))
            let outcome = Result { try self.backUp(source, catalog) }
            try await catalog.shutDown()
            print(try outcome.get())
        } catch {
            StandardError.write("\(error)")
            throw ExitCode.failure
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
