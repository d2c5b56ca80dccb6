package import CloakroomDomain
import Synchronization

/// Revokes presigned URLs before their time, and tells which are revoked from memory: a GET needs no row for that.
///
/// A URL is dead if its date is not after its file's last revocation. A revocation is kept as long as a URL from before
/// can live. The memory is right because no other process revokes; an engine with several nodes has to tell the others.
package final class Revocations: Sendable {
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

    private let rows: any RevocationRows
    private let caches: RowCaches

    /// Remembers nothing yet: ``load(now:)``.
    init(rows: any RevocationRows, caches: RowCaches, lifetimeSeconds: Int64) {
        self.rows = rows
        self.caches = caches
        self.lifetimeSeconds = lifetimeSeconds
    }

    /// Remembers what was revoked before; without that no URL is served.
    package func load(now: Timestamp) async throws(StorageError) {
        self.add(try await self.rows.findRevocations(since: self.horizon(now)).value())
    }

    /// What became of an attempt to revoke a file's URLs.
    package enum Outcome: Hashable, Sendable {
        /// Every URL that was issued before the request is dead.
        case done
        /// In this second they were revoked before: another attempt has to wait for the second after this one.
        case dueAfter(Timestamp)
    }

    /// Revokes every presigned URL of an organization's file that was issued before a request; what is done is durable.
    package func revoke(
        _ id: FileID, access: OrganizationAccess, requestedAt: Timestamp, now: Timestamp
    ) async throws(StorageError) -> Outcome {
        // URLs have dates in whole seconds. A URL that is presigned after a revocation is dated after its moment, and
        // moments are never ahead of the clock. So no URL that was issued before a request is dated later than the
        // second after it, and of requests in the same second all but the first are done with one revocation in the
        // next. The row first, then the memory that requests are held to: who is told has both.
        switch try await self.rows.revokeURLs(of: id, of: access.organization, now: now) {
        case .revoked:
            self.caches.ready.drop(id)
            self.add([id: now])
            return .done
        case .revokedBefore(let moment) where moment == now && moment > requestedAt:
            // By another request, which may not have come to this yet.
            self.caches.ready.drop(id)
            self.add([id: moment])
            return .done
        case .revokedBefore(let moment): return .dueAfter(moment)
        case .missing: throw .notFound
        }
    }

    /// Returns the earliest moment whose revocations matter: what was issued before has expired.
    private func horizon(_ now: Timestamp) -> Timestamp {
        now.advanced(bySeconds: -self.lifetimeSeconds)
    }

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
