import Synchronization

/// Limits automatic quarantine to sixteen files per run.
///
/// Readers and the scrub share it.
final class DamageBudget: Sendable {
    /// So many damaged files are the disk's fault and not theirs; from then on they are only reported.
    private static let mostFiles = 16

    private let files = Atomic(0)

    /// Takes a part; `false` where nothing is left.
    func take() -> Bool {
        guard self.files.wrappingAdd(1, ordering: .relaxed).newValue <= Self.mostFiles else {
            self.giveBack()
            return false
        }
        return true
    }

    /// Gives a part back that was not needed.
    func giveBack() { self.files.wrappingSubtract(1, ordering: .relaxed) }
}
