import ArgumentParser
import CloakroomServer
import CloakroomStorage
import Logging

/// The command `cloakroom check`.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Holds the catalogue and the bytes of a data directory to one another, also beside a running server.",
        discussion: """
            Prints a line for each finding: what kind, of what, and what is wrong. Ends with 0 without findings, \
            with 1 where there are some.
            """)

    @Flag(help: "Reads every file's bytes, and compares their digest; without it, only their presence and length.")
    var data = false
    @Flag(help: "Puts right what can be, and says what was done; only while no server has the directory.")
    var repair = false
    @Option(
        help: ArgumentHelp(
            """
            The most damaged files that --repair takes out of the way. Where there are more, it leaves all of them: \
            rather than so many files, their disk is not mounted or does not answer.
            """, valueName: "files"))
    var maxDamaged = StoreCheck.maximumDamagedFiles
    @OptionGroup var directory: DataDirectoryOption

    func validate() throws {
        guard self.maxDamaged >= 0 else {
            throw ValidationError("--max-damaged is \(self.maxDamaged); it is a number of files, 0 or more")
        }
        guard self.repair || self.maxDamaged == StoreCheck.maximumDamagedFiles else {
            throw ValidationError("--max-damaged says what --repair may do, which is not given")
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
            StandardError.write("the catalogue is damaged, which cannot be repaired: use a backup (cloakroom restore)")
        }
        if summary.unrepaired > 0 {
            StandardError.write(
                """
                \(summary.unrepaired) files are damaged, more than --max-damaged \(self.maxDamaged), and were left as they \
                are: is their disk mounted, and does it answer?
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
