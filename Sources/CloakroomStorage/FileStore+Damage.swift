import CloakroomDomain
import Logging
import Synchronization

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
        self.forgetVerified(id)
        guard damage.isOfBytes, self.damageBudget.take() else { return self.reportOnly(id, damage) }
        return await Task { () async -> DamageOutcome in
            do throws(StorageError) {
                let found = try await self.quarantineIfDamaged(id, .data, actsOn: .bytes, now: now)
                if let found, found.isOfBytes { return .quarantined }
                self.damageBudget.release()
                return found.map { self.reportOnly(id, $0) } ?? .whole
            } catch {
                self.damageBudget.release()
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

    /// Deals with damage that a reader found, like the scrub does; the reader does not wait for it.
    func noticeDamage(_ id: FileID, _ damage: StorageError.ReadDamage) {
        self.forgetVerified(id)
        Task { await self.reportDamage(id, damage) }
    }

    /// Lets the next reader verify a blob again.
    private func forgetVerified(_ id: FileID) {
        self.blobs.verified.remove(id)
        // What is kept open was verified before.
        self.blobs.forgetOpen(id)
    }

    private func reportDamage(_ id: FileID, _ damage: StorageError.ReadDamage) async {
        guard self.damageBudget.isNews(id) else { return }
        let found: BlobDamage =
            switch damage {
            case .digest: .wrongDigest
            case .length(let expected, let found): .wrongLength(expected: expected, found: found)
            }
        let now = self.blobs.system.now
        switch await self.dealWithDamage(id, found, now: now) {
        case .quarantined, .reported: break
        case .whole:
            // Another reader may have found the same, and been first.
            guard (try? self.catalog.sealedFile(id)) != nil else { return }
            self.blobs.health.report(
                "A reader found damaged bytes that the disk does not have", id, "the machine's memory may be faulty")
        }
    }

    /// Looks through all of the database beside everything else; writes are refused where it is damaged.
    ///
    /// It ends early where the task is cancelled.
    ///
    /// - Throws: ``StorageError``.
    public func examineDatabase() async throws(StorageError) {
        let connection = try self.catalog.readers.open()
        let isCancelled = Mutex(false)
        let outcome: Result<Void, StorageError> = await withTaskCancellationHandler {
            do throws(StorageError) {
                return .success(
                    try await self.onDisk { () throws(StorageError) in
                        // SQLite forgets an interruption that comes before it begins.
                        guard !isCancelled.withLock({ $0 }) else { return }
                        try self.catalog.examineDatabase(connection)
                    })
            } catch {
                return .failure(error)
            }
        } onCancel: {
            isCancelled.withLock { $0 = true }
            connection.interrupt()
        }
        try outcome.get()
    }
}
