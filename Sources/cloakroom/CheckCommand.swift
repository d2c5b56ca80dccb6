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
    @OptionGroup var directory: DataDirectoryOption

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
        guard summary.findings == 0 else { throw ExitCode.failure }
    }

    private func check() async throws -> StoreCheck.Summary {
        let health = StorageHealth(logger: Logger(label: "cloakroom") { StreamLogHandler.standardError(label: $0) })
        let extent = self.data ? ExaminationExtent.data : .presence
        let now = SystemClock().now
        guard self.repair else {
            return try await StoreCheck.look(at: self.directory.open(), extent, health: health, now: now) { print($0) }
        }
        return try await StoreCheck.repair(self.directory.claim(), extent, health: health, now: now) { print($0) }
    }
}
