import CloakroomDomain
import Synchronization

/// The URLs that were revoked before their time, in memory: the way of a GET leads past no database.
///
/// A URL is dead if its date is not after its file's last revocation. A revocation is kept as long as a URL from before
/// can live.
final class Revocations: Sendable {
    private struct State {
        var moments: [FileID: Timestamp] = [:]
        var prunedAt: Timestamp?
    }

    /// All are looked at no more often than this, in seconds: every GET waits meanwhile.
    private static let pruningInterval: Int64 = 600

    private let state = Mutex(State())
    /// Mostly nothing is revoked: one load then tells.
    private let count = Atomic(0)
    private let lifetimeSeconds: Int64

    /// - Parameter lifetimeSeconds: The longest life of a URL.
    init(lifetimeSeconds: Int64) {
        self.lifetimeSeconds = lifetimeSeconds
    }

    /// Returns the earliest moment whose revocations matter: what was issued before has ended.
    func horizon(_ now: Timestamp) -> Timestamp {
        now.advanced(bySeconds: -self.lifetimeSeconds)
    }

    /// Adds revocations.
    func add(_ revocations: [FileID: Timestamp]) {
        self.change { state in state.moments.merge(revocations) { max($0, $1) } }
    }

    /// Forgets what no URL can come from any more.
    func prune(now: Timestamp) {
        guard self.count.load(ordering: .relaxed) > 0 else { return }
        let horizon = self.horizon(now)
        self.change { state in
            if let prunedAt = state.prunedAt, now < prunedAt.advanced(bySeconds: Self.pruningInterval) { return }
            state.prunedAt = now
            state.moments = state.moments.filter { $0.value >= horizon }
        }
    }

    /// Passes for a right that is not revoked; an owner's own has no date and never is.
    func check(_ id: FileID, issuedAt: Timestamp?) throws(StorageError) {
        guard self.count.load(ordering: .acquiring) > 0, let issuedAt else { return }
        let moment = self.state.withLock { $0.moments[id] }
        if let moment, issuedAt <= moment { throw .urlRevoked }
    }

    private func change(_ body: (inout State) -> Void) {
        self.state.withLock { state in
            body(&state)
            self.count.store(state.moments.count, ordering: .releasing)
        }
    }
}
