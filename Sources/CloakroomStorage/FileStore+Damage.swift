import CloakroomDomain
import Logging
import Synchronization

/// How much damage is taken out of the way without anybody being asked.
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

/// Damage that is found while the server runs.
extension FileStore {
    /// What became of damage.
    enum DamageOutcome {
        /// The bytes are in quarantine, and the file waits for the same bytes.
        case quarantined
        /// Another look found nothing.
        case whole
        /// Nothing was changed.
        case reported
    }

    /// Takes a damaged file's bytes out of the way after another look, where that is for the server to decide.
    ///
    /// In a task of its own, so that a shutdown does not end it halfway.
    ///
    /// - Parameters:
    ///   - id: The file.
    ///   - damage: What was found.
    ///   - now: The current time.
    /// - Returns: What became of it.
    func dealWithDamage(_ id: FileID, _ damage: BlobDamage, now: Timestamp) async -> DamageOutcome {
        guard damage.isOfBytes, self.damageBudget.take() else { return self.reportOnly(id, damage) }
        return await Task { () async -> DamageOutcome in
            do throws(StorageError) {
                if let (_, found) = try await self.confirmedDamage(of: id, .data), !found.isOfBytes {
                    self.damageBudget.giveBack()
                    return self.reportOnly(id, found)
                }
                if try await self.quarantineIfDamaged(id, .data, now: now) != nil { return .quarantined }
                self.damageBudget.giveBack()
                return .whole
            } catch {
                self.damageBudget.giveBack()
                self.blobs.health.report("A damaged file cannot be moved to quarantine", id, error)
                return .reported
            }
        }.value
    }

    /// Leaves damage to a person: a disk that does not answer, or is not there, says nothing of its bytes.
    private func reportOnly(_ id: FileID, _ damage: BlobDamage) -> DamageOutcome {
        self.blobs.health.report("The bytes of a file are damaged; see `cloakroom check`", id, damage.description)
        return .reported
    }

    /// Deals with damage that a reader found; it takes the scrub's way.
    func reportDamage(_ id: FileID, _ damage: StorageError.ReadDamage) async {
        // What is kept open was read before.
        self.blobs.forgetOpen(id)
        let found: BlobDamage =
            switch damage {
            case .digest: .wrongDigest
            case .length: .wrongLength(expected: 0, found: 0)
            }
        let now = Timestamp(secondsSinceEpoch: self.blobs.system.milliseconds / 1_000)
        switch await self.dealWithDamage(id, found, now: now) {
        case .quarantined, .reported: break
        case .whole:
            // Another reader may have found the same, and been first.
            guard (try? self.catalog.sealedFile(id)) != nil else { return }
            self.blobs.health.report(
                "A reader found damaged bytes that the disk does not have", id, "the machine's memory may be faulty")
        }
    }

    /// Notes a blob without a row, unless that has been done; after another look.
    ///
    /// - Parameters:
    ///   - id: The file that its name names.
    ///   - now: The current time.
    /// - Returns: Whether it is new.
    /// - Throws: ``StorageError``.
    func loseOrphan(_ id: FileID, now: Timestamp) async throws(StorageError) -> Bool {
        try self.blobs.health.checkWrites()
        return try await self.alone(with: id) { () async throws(StorageError) -> Bool in
            guard try !self.catalog.unknownFiles([id]).isEmpty, try !self.catalog.isLost(id) else { return false }
            try await self.lose(id, in: nil, now: now)
            return true
        }
    }
}
