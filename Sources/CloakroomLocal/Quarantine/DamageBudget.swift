import CloakroomDomain
import Synchronization

/// Limits automatic quarantine to sixteen files per run.
///
/// Readers and the scrub share it.
final class DamageBudget: Sendable {
    /// So many damaged files are the disk's fault and not theirs; from then on they are only reported.
    private static let mostFiles = 16

    private let files = Atomic(0)
    /// Files whose damage has been reported to no end.
    private let reported = Mutex<Set<FileID>>([])
    private static let mostReported = 4_096

    /// Takes a part; `false` where nothing is left.
    func take() -> Bool {
        guard self.files.wrappingAdd(1, ordering: .relaxed).newValue <= Self.mostFiles else {
            self.release()
            return false
        }
        return true
    }

    /// Whether a file's damage is still to be reported, or something can be done about it: not each reader says it again.
    func isNews(_ id: FileID) -> Bool {
        if self.files.load(ordering: .relaxed) < Self.mostFiles { return true }
        return self.reported.withLock { reported in
            if reported.count >= Self.mostReported { reported = [] }
            return reported.insert(id).inserted
        }
    }

    /// Gives a part back that was not needed.
    func release() { self.files.wrappingSubtract(1, ordering: .relaxed) }
}
