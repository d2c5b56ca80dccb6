package import CloakroomDomain
package import CloakroomStore
package import CloakroomSystem
import Logging
import Synchronization

/// What a server keeps of its store's history beside the blobs: the identity, and the mark of the WAL.
struct StoreHistory: Sendable {
    let identity: IdentityFile
    /// How far the WAL has been written.
    let mark: HistoryMarkWriter
}

/// The store's identity, which the catalogue and the blobs share.
extension Catalog {
    /// Begins a run: gives a store that has none an identity, and counts the start.
    package func beginHistory(blobs: Directory, data: Directory, now: Timestamp) async throws(StorageError) {
        let isWithoutCopy: Bool
        do throws(SystemCallError) {
            let file = IdentityFile(directory: blobs)
            let isNew = try !blobs.contains(IdentityFile.name)
            let history = StoreHistory(identity: file, mark: try HistoryMarkWriter(blobs: blobs, data: data))
            isWithoutCopy = isNew && self.knownIdentity() != nil
            self.history.withLock { $0 = history }
        } catch {
            throw error.storageError
        }
        if isWithoutCopy {
            self.health.report("blobs/identity is missing; it is written anew")
            // The catalogue may be an older one.
            try await self.endCursors()
        }
        try await self.advance(.emptied, startedAt: now)
        try await self.noteLossAgain(now: now)
    }

    /// How the WAL is dealt with where a generation ends.
    private enum LogEnd {
        /// It is copied into the database as far as nobody reads it.
        case copied
        /// It is copied and emptied; others who read are waited for.
        case emptied
        /// Likewise, but not for long.
        case emptiedSoon
    }

    /// Ends a generation, where something has changed since the last one: a server does so each minute.
    package func checkpoint() async throws(StorageError) {
        guard self.history.withLock({ $0 != nil }), self.writer.takeChanges() else { return }
        do throws(StorageError) {
            try await self.noteLossAgain(now: self.system.now)
            if try await !self.advance(.copied) { self.writer.noteChanges() }
        } catch {
            self.writer.noteChanges()
            throw error
        }
    }

    /// Notes a loss for which the disk had no room before.
    private func noteLossAgain(now: Timestamp) async throws(StorageError) {
        guard let detail = self.unnotedLoss.withLock({ $0 }) else { return }
        try await self.noteLostHistory(detail, now: now)
        self.unnotedLoss.withLock { $0 = nil }
    }

    /// Ends the last generation of a run.
    func endHistory() async {
        guard self.history.withLock({ $0 != nil }), self.health.reasonToRejectWrites == nil else { return }
        do throws(StorageError) {
            try await self.advance(.emptiedSoon)
        } catch {
            self.health.report("The WAL is left to the next start", "\(error)")
        }
    }

    /// Counts a generation: in the catalogue, then, once the database's file has it, in the blobs; returns whether
    /// these have it.
    @discardableResult
    private func advance(_ end: LogEnd, startedAt: Timestamp? = nil) async throws(StorageError) -> Bool {
        // One that the blobs do not have yet is not counted again: the catalogue is ahead by one at most.
        guard let history = self.history.withLock({ $0 }) else { return false }
        let fresh = try StoreIdentity.generate(on: self.system)
        let noted = try Self.noted(history.identity)
        // Without the blobs' copy nobody has said that the catalogue is theirs.
        let isSure = self.examination?.isOrderly == true && noted != nil
        let searches: Int64 = startedAt != nil && !isSure ? 1 : 0
        let identity = try await self.writer.write { connection throws(SQLiteError) -> StoreIdentity in
            guard var known = try Self.identity(connection) else {
                try connection.statement(
                    "INSERT INTO store (id, identity, generation, started_at) VALUES (1, ?, ?, ?)"
                ).bind(fresh.bytes).bind(fresh.generation).bind(startedAt?.secondsSinceEpoch ?? 0).run()
                return fresh
            }
            if noted == nil || noted == known { known.generation += 1 }
            try connection.statement(
                """
                UPDATE store SET generation = ?1,
                    search_since = CASE WHEN ?3 THEN min(coalesce(search_since, started_at), started_at)
                        ELSE search_since END,
                    started_at = coalesce(?2, started_at)
                """
            ).bind(known.generation).bind(startedAt?.secondsSinceEpoch).bind(searches).run()
            return known
        }
        // This commit is no change; what comes after it is one, even if the WAL's end has it.
        _ = self.writer.takeChanges()
        guard try await self.endLog(end) else { return false }
        do throws(SystemCallError) {
            try history.identity.write(identity)
        } catch {
            if error.call == .fsync { self.health.rejectWrites("blobs/identity: \(error)") }
            throw error.storageError
        }
        self.writer.keep(history.mark)
        return true
    }

    /// Reads the blobs' copy; `nil` where there is none, or none that can be relied upon.
    private static func noted(_ file: IdentityFile) throws(StorageError) -> StoreIdentity? {
        do {
            return try file.read()
        } catch let error as SystemCallError {
            // The generation of the blobs is unknown. Counting another could put the database two ahead of them.
            throw error.storageError
        } catch {
            return nil
        }
    }

    /// Deals with the WAL, and returns whether the database has all of it.
    private func endLog(_ end: LogEnd) async throws(StorageError) -> Bool {
        let outcome: Result<Bool, StorageError> = await withCheckedContinuation { continuation in
            switch end {
            case .copied: self.writer.checkpointPassively { continuation.resume(returning: $0) }
            case .emptied: self.writer.checkpoint(.start) { continuation.resume(returning: $0.map { true }) }
            case .emptiedSoon: self.writer.checkpoint(.stop) { continuation.resume(returning: $0.map { true }) }
            }
        }
        return try outcome.get()
    }

    private func knownIdentity() -> StoreIdentity? {
        try? self.readers.read { connection throws(SQLiteError) in try Self.identity(connection) }
    }
}
