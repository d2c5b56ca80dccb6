import ArgumentParser
import CloakroomDisk
import CloakroomDomain
import CloakroomLocal
import CloakroomSQLite
import CloakroomStore

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Verify that the database and the files of a data directory agree.",
        usage: """
            cloakroom check [--data] [--repair [--max-damaged <count>]] [--data-dir <dir>]
            cloakroom check --purge-quarantine --older-than <age> [--data-dir <dir>]
            cloakroom check --accept-database [--data-dir <dir>]
            """,
        discussion: """
            Prints one line for each finding: its kind, its subject and a description. The exit code is 1 if there are \
            findings, else 0. Findings of the kinds 'noted' and 'quarantined' do not change it. Without --repair, a server may be running.

            Read all files and verify them:
              cloakroom check --data

            Remove what has been in quarantine for more than 30 days:
              cloakroom check --purge-quarantine --older-than 30d
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
    @Flag(
        help: """
            Remove from the quarantine what has been there for longer than --older-than, and print it. Nothing is verified. \
            A server may be running.
            """)
    var purgeQuarantine = false
    @Option(
        help: ArgumentHelp(
            "The age for --purge-quarantine: a number and a unit, s, m, h or d. For example: 30d.", valueName: "age"))
    var olderThan: String?
    @Flag(
        help: """
            Write the database anew with new checksums, if SQLite finds nothing wrong with it: for one that another program \
            has written to. The server must be stopped.
            """)
    var acceptDatabase = false
    @OptionGroup var directory: DataDirectoryOption

    func validate() throws {
        guard self.maxDamaged >= 0 else {
            throw ValidationError("--max-damaged: \(self.maxDamaged) is not allowed; it must be 0 or more.")
        }
        guard self.repair || self.maxDamaged == StoreCheck.maximumDamagedFiles else {
            throw ValidationError("--max-damaged requires --repair.")
        }
        guard self.purgeQuarantine == (self.olderThan != nil) else {
            throw ValidationError("--purge-quarantine and --older-than require each other.")
        }
        guard !self.purgeQuarantine || !(self.data || self.repair) else {
            throw ValidationError("--purge-quarantine cannot be combined with --data or --repair.")
        }
        guard !self.acceptDatabase || !(self.data || self.repair || self.purgeQuarantine) else {
            throw ValidationError("--accept-database cannot be combined with --data, --repair or --purge-quarantine.")
        }
        if let age = self.olderThan, Self.seconds(age) == nil {
            throw ValidationError(
                "--older-than: \"\(age)\" is not allowed; it must be a whole number and a unit: s, m, h or d, as 30d.")
        }
    }

    /// Reads an age; `nil` where it is none.
    private static func seconds(_ age: String) -> Int64? {
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
        guard let unit = age.last.flatMap({ units[$0] }), let number = Int64(age.dropLast()), number >= 0,
            !age.hasPrefix("+"), number <= 100_000_000
        else { return nil }
        return number * unit
    }

    private func purge() throws {
        let purged = try Quarantine.purge(
            self.directory.open(), olderThan: self.olderThan.flatMap { Self.seconds($0) } ?? .max,
            now: SystemClock().now)
        StandardError.write("files removed from quarantine: \(purged.count)")
        for entry in purged {
            let line = "removed blobs/quarantine/\(entry.name) \(entry.size) bytes"
            try StandardOutput.print(TerminalText.escape(line))
        }
    }

    private func accept() throws {
        switch try Catalog.accept(in: self.directory.claim(), now: SystemClock().now) {
        case .rejected(let problems):
            for problem in problems {
                try StandardOutput.print(TerminalText.escape("corrupt catalog.sqlite \(problem)"))
            }
            throw ExitCode.failure
        case .accepted(let loss):
            StandardError.write("the database was written anew")
            if let loss { StandardError.write("it has lost committed changes: \(loss); see cloakroom check") }
        }
    }

    func run() async throws {
        try await ExitCode.reporting {
            if self.acceptDatabase { return try self.accept() }
            if self.purgeQuarantine { return try self.purge() }
            try await self.check()
        }
    }

    private func check() async throws {
        let output = FindingOutput()
        let summary = try await self.check(output)
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
        try output.check()
        guard summary.findings == 0 else { throw ExitCode.failure }
    }

    private func check(_ output: FindingOutput) async throws -> StoreCheck.Summary {
        let health = StorageHealth(logger: .standardError())
        let extent = self.data ? ExaminationExtent.data : .presence
        let now = SystemClock().now
        guard self.repair else {
            return try await StoreCheck.look(at: self.directory.open(), extent, health: health, now: now) {
                output.print($0)
            }
        }
        return try await StoreCheck.repair(
            self.directory.claim(), extent, maximumDamaged: self.maxDamaged, health: health, now: now,
            isReported: { output.isWritten }
        ) { output.print($0) }
    }
}
