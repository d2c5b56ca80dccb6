import CloakroomClient
import CloakroomDomain
import Glibc
import Synchronization

/// A line on a terminal that shows how far a transfer has come.
///
/// On anything but a terminal there is none: logs get plain lines.
final class ProgressBar: Sendable {
    private static let width = 30
    /// The line is drawn this often at most.
    private static let interval = Duration.milliseconds(100)

    private struct State {
        var drawnAt: ContinuousClock.Instant?
    }

    private let label: String
    private let startedAt = ContinuousClock.now
    private let state = Mutex(State())

    private init(label: String) {
        self.label = label
    }

    /// Makes a bar, where standard error is a terminal and one is wanted.
    static func onTerminal(_ label: String, isWanted: Bool = true) -> ProgressBar? {
        isWanted && isatty(STDERR_FILENO) == 1 ? ProgressBar(label: TerminalText.escape(label)) : nil
    }

    /// Shows a state, unless one was shown a moment ago.
    func show(_ progress: TransferProgress) {
        let now = ContinuousClock.now
        let isDue = self.state.withLock { state in
            if let drawnAt = state.drawnAt, now - drawnAt < Self.interval, progress.transferred < progress.total {
                return false
            }
            state.drawnAt = now
            return true
        }
        if isDue { self.draw(progress, now) }
    }

    /// Takes the line away.
    func remove() {
        guard self.state.withLock({ $0.drawnAt != nil }) else { return }
        StandardError.draw("\r\u{1B}[K")
    }

    private func draw(_ progress: TransferProgress, _ now: ContinuousClock.Instant) {
        let part = min(1, Double(progress.transferred.bytes) / Double(max(1, progress.total.bytes)))
        let filled = Int(part * Double(Self.width))
        let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: Self.width - filled)
        let seconds = max(0.001, (now - self.startedAt) / .seconds(1))
        let rate = (Double(progress.transferred.bytes) / seconds / 1_000_000 * 10).rounded() / 10
        let line = "\(self.label) [\(bar)] \(Int(part * 100)) % \(rate) MB/s"
        StandardError.draw("\r\u{1B}[K\(line)")
    }
}
