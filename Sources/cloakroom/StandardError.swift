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
