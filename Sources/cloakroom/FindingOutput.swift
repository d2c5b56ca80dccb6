import CloakroomDomain
import CloakroomLocal
import Synchronization

/// Findings on standard output.
///
/// A check goes on where they cannot be written, because it may be repairing.
final class FindingOutput: Sendable {
    private let failure = Mutex<StandardOutput.WriteError?>(nil)

    func print(_ finding: Finding) {
        self.failure.withLock { failure in
            guard failure == nil else { return }
            do throws(StandardOutput.WriteError) {
                try StandardOutput.print(TerminalText.escape(finding.description))
            } catch {
                failure = error
            }
        }
    }

    /// Whether every finding has been written so far.
    var isWritten: Bool { self.failure.withLock { $0 == nil } }

    /// Passes if every finding has been written.
    func check() throws {
        if let failure = self.failure.withLock({ $0 }) { throw failure }
    }
}
