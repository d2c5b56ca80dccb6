import ArgumentParser
import CloakroomDomain
import Glibc

/// Where messages for people go; standard output is for what a script reads.
enum StandardError {
    /// Writes a message of one line.
    ///
    /// It may contain what others wrote: a name, or a server's message.
    static func write(_ message: String) {
        self.draw("cloakroom: \(TerminalText.escape(message))\n")
    }

    /// Writes text as it is, for a line that is drawn over and over.
    static func draw(_ text: String) {
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}

extension ExitCode {
    /// Runs the work of a command; a failure is reported, and ends the command with 1.
    static func reporting(_ work: () async throws -> Void) async throws {
        do {
            try await work()
        } catch let code as ExitCode {
            throw code
        } catch {
            StandardError.write("\(error)")
            throw ExitCode.failure
        }
    }
}
