import CloakroomDisk
package import CloakroomDomain
import CloakroomSQLite
package import CloakroomStore
import Logging

/// Deals with damage that is found while the server runs.
package final class DamageControl: DamageListener {
    private let pair: LocalPair
    private let quarantine: FileQuarantine
    /// How much damage is taken out of the way without being asked.
    let budget = DamageBudget()

    init(_ pair: LocalPair) {
        self.pair = pair
        self.quarantine = FileQuarantine(pair)
    }

    enum DamageOutcome {
        /// The bytes are in quarantine, and the file waits for the same bytes.
        case quarantined
        /// Another look found nothing.
        case whole
        /// Nothing was changed.
        case reported
    }

    /// Takes a damaged file's bytes out of the way after another look, where that is for the server to decide.
    func dealWithDamage(_ id: FileID, _ damage: BlobDamage, now: Timestamp) async -> DamageOutcome {
        // In a task of its own, so that a shutdown does not end it halfway.
        self.pair.forgetVerified(id)
        guard damage.isOfBytes, self.budget.take() else { return self.reportOnly(id, damage) }
        return await Task { () async -> DamageOutcome in
            do throws(StorageError) {
                let found = try await self.quarantine.quarantineIfDamaged(id, .data, actsOn: .bytes, now: now)
                if let found, found.isOfBytes { return .quarantined }
                self.budget.release()
                return found.map { self.reportOnly(id, $0) } ?? .whole
            } catch {
                self.budget.release()
                self.pair.health.report("A damaged file cannot be moved to quarantine", id, error)
                return .reported
            }
        }.value
    }

    /// Leaves damage to a person: a disk that does not answer, or is not there, says nothing of its bytes.
    private func reportOnly(_ id: FileID, _ damage: BlobDamage) -> DamageOutcome {
        self.pair.health.report("The bytes of a file are damaged; see `cloakroom check`", id, damage.description)
        return .reported
    }

    /// Deals with damage that a reader found, like the scrub does; the reader does not wait for it.
    package func noticeDamage(_ id: FileID, _ damage: StorageError.ReadDamage) {
        self.pair.forgetVerified(id)
        Task { await self.reportDamage(id, damage) }
    }

    package func noticeLoss(_ id: FileID) {
        self.pair.health.report("The bytes of a ready file are missing", id, .notFound)
    }

    private func reportDamage(_ id: FileID, _ damage: StorageError.ReadDamage) async {
        guard self.budget.isNews(id) else { return }
        let found: BlobDamage =
            switch damage {
            case .digest: .wrongDigest
            case .length(let expected, let found): .wrongLength(expected: expected, found: found)
            }
        let now = self.pair.catalog.system.now
        switch await self.dealWithDamage(id, found, now: now) {
        case .quarantined, .reported: break
        case .whole:
            // Another reader may have found the same, and been first.
            guard (try? self.pair.catalog.sealedFile(id)) != nil else { return }
            self.pair.health.report(
                "A reader found damaged bytes that the disk does not have", id, "the machine's memory may be faulty")
        }
    }
}
