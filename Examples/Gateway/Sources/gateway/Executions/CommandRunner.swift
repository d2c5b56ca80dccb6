import Foundation
import Logging
import Subprocess
import SystemPackage

/// Runs commands: words as they are, no shell, and nothing of the gateway's own environment but the search path.
///
/// A command may not write a file larger than a limit, which `prlimit` of util-linux sees to. When its task is
/// cancelled it is asked to end, and a second later killed, with every process that it has started.
struct CommandRunner: Sendable {
    /// A command did not end well.
    struct Failed: Error {}

    /// The most bytes that a command may print, of either kind.
    private static let maximumPrintedBytes = 65_536
    private static let patience = Duration.seconds(1)

    let directory: WorkDirectory
    let maximumFileSize: Int64
    let logger: Logger

    /// Runs a command to its end.
    ///
    /// - Parameter words: The program, which is looked up in `PATH`, and its arguments.
    /// - Returns: What it printed on standard output.
    /// - Throws: ``Failed`` where it did not end with 0.
    func run(_ words: [String]) async throws -> String {
        var options = PlatformOptions()
        // A process group of its own, so that no process is left over.
        options.createSession = true
        options.teardownSequence = [
            .gracefulShutDown(toProcessGroup: true, allowedDurationToNextStep: Self.patience)
        ]
        let result = try await Subprocess.run(
            .name("prlimit"), arguments: Arguments(["--fsize=\(self.maximumFileSize)", "--"] + words),
            environment: self.environment, workingDirectory: FilePath(self.directory.path), platformOptions: options,
            output: .string(limit: Self.maximumPrintedBytes), error: .string(limit: Self.maximumPrintedBytes))
        guard result.terminationStatus.isSuccess else {
            if !Task.isCancelled { self.report(words, "\(result.terminationStatus)", result.standardError) }
            throw Failed()
        }
        return result.standardOutput
    }

    private func report(_ words: [String], _ status: String, _ complaint: String) {
        self.logger.warning(
            "Command failed",
            metadata: [
                "command.program": "\(words.first ?? "")", "command.status": "\(status)",
                "command.complaint": "\(complaint.prefix(1_000))",
            ])
    }

    /// The gateway's key is in its own environment, and stays there.
    private var environment: Subprocess.Environment {
        .custom([
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin",
            "HOME": self.directory.path, "TMPDIR": self.directory.path,
            "MAGICK_TEMPORARY_PATH": self.directory.path, "LANG": "C.UTF-8",
        ])
    }
}
