import ArgumentParser
import CloakroomServer
import CloakroomStorage
import Logging

/// The command `cloakroom check`.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Verify that the database and the files of a data directory agree.",
        discussion: """
            Prints one line for each finding: its kind, its subject and a description. The exit code is 1 if there are \
            findings, else 0. Findings of the kind 'noted' do not count. Without --repair, a server may be running.

            Read all files and verify them:
              cloakroom check --data
            """)

    @Flag(
        help: """
            Read the bytes of every file and verify their digest. Without this option, only presence and length are \
            verified.
            """)
    var data = false
    @Flag(help: "Repair what can be repaired, and print what was done. The server must be stopped.")
    var repair = false
    @Option(
        help: ArgumentHelp(
            """
            The maximum number of damaged files that --repair sets aside. If there are more, it changes none of them, \
            because a disk that is not mounted or not working is the likely cause.
            """, valueName: "count"))
    var maxDamaged = StoreCheck.maximumDamagedFiles
    @OptionGroup var directory: DataDirectoryOption

    func validate() throws {
        guard self.maxDamaged >= 0 else {
            throw ValidationError("--max-damaged: \(self.maxDamaged) is not allowed; it must be 0 or more.")
        }
        guard self.repair || self.maxDamaged == StoreCheck.maximumDamagedFiles else {
            throw ValidationError("--max-damaged requires --repair.")
        }
    }

    func run() async throws {
        let summary: StoreCheck.Summary
        do {
            summary = try await self.check()
        } catch {
            StandardError.write("\(error)")
            throw ExitCode.failure
        }
        StandardError.write("\(summary.files) files, \(summary.bytes) bytes, \(summary.findings) findings")
        if summary.isCorrupt {
            StandardError.write("the database is damaged and cannot be repaired; use cloakroom restore")
        }
        if summary.unrepaired > 0 {
            StandardError.write(
                """
                \(summary.unrepaired) files are damaged, more than --max-damaged allows (\(self.maxDamaged)); none of \
                them was changed; check that their disk is mounted and working
                """)
        }
        guard summary.findings == 0 else { throw ExitCode.failure }
    }

    private func check() async throws -> StoreCheck.Summary {
        let health = StorageHealth(logger: Logger(label: "cloakroom") { StreamLogHandler.standardError(label: $0) })
        let extent = self.data ? ExaminationExtent.data : .presence
        let now = SystemClock().now
        guard self.repair else {
            return try await StoreCheck.look(at: self.directory.open(), extent, health: health, now: now) { print($0) }
        }
        return try await StoreCheck.repair(
            self.directory.claim(), extent, maximumDamaged: self.maxDamaged, health: health, now: now
        ) { print($0) }
    }
}
