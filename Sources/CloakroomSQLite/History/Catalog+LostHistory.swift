package import CloakroomDomain
package import CloakroomStore
import Synchronization

/// What is known to be missing from the catalogue.
extension Catalog {
    /// Returns what is known to be missing; `nil` where nothing is.
    package func lostHistory() throws(StorageError) -> LostHistory? {
        let unnoted = self.unnotedLoss.withLock { $0 }
        return try self.readers.read { connection throws(SQLiteError) in
            let rows = try connection.statement("SELECT found_at, detail FROM lost_history ORDER BY found_at")
            defer { rows.reset() }
            var (moments, details): ([Int64], [String]) = ([], [])
            while try rows.step() {
                moments.append(rows.integer(0) ?? 0)
                details.append(rows.text(1) ?? "")
            }
            if let unnoted {
                moments.append(self.system.milliseconds / 1_000)
                details.append(unnoted)
            }
            let sum = try connection.statement("SELECT count(*), min(found_at) FROM lost_bodies")
            defer { sum.reset() }
            guard try sum.step() else { return nil }
            let bodies = Int(sum.integer(0) ?? 0)
            if let first = sum.integer(1) { moments.append(first) }
            guard let since = moments.min() else { return nil }
            return LostHistory(since: Timestamp(secondsSinceEpoch: since), details: details, bodies: bodies)
        }
    }

    /// Notes that transactions are missing; on return that is durable.
    package func noteLostHistory(_ detail: String, now: Timestamp) async throws(StorageError) {
        try await self.writer.write { connection throws(SQLiteError) in
            try connection.statement("INSERT INTO lost_history (found_at, detail) VALUES (?, ?)")
                .bind(now.secondsSinceEpoch).bind(detail).run()
        }
    }

    /// Notes bodies without rows; on return that is durable.
    package func noteLostBodies(_ ids: [FileID], now: Timestamp) async throws(StorageError) {
        try await self.writer.write { connection throws(SQLiteError) in
            for id in ids {
                try connection.statement("INSERT OR IGNORE INTO lost_bodies (id, found_at) VALUES (?, ?)")
                    .bind(id.bytes).bind(now.secondsSinceEpoch).run()
            }
        }
    }

    /// Returns bodies that are noted to be without rows, in the order of their ids.
    package func lostBodies() throws(StorageError) -> [FileID] {
        try self.readers.read { connection throws(SQLiteError) in
            try connection.statement("SELECT id FROM lost_bodies ORDER BY id").all { $0.fileID(0) }
        }
    }

    /// Whether a body is noted to be without a row.
    package func isLost(_ id: FileID) throws(StorageError) -> Bool {
        try self.readers.read { connection throws(SQLiteError) in
            try connection.statement("SELECT 1 FROM lost_bodies WHERE id = ?").bind(id.bytes).hasRow()
        }
    }

    /// Returns since when bodies without rows are to be looked for, in seconds of the Unix epoch; `nil` where that is done.
    package func searchSince() throws(StorageError) -> Int64? {
        try self.readers.read { connection throws(SQLiteError) in
            try connection.statement("SELECT search_since FROM store").first { $0.integer(0) }
        }
    }

    /// Notes that bodies without rows have been looked for.
    package func endSearch() async throws(StorageError) {
        try await self.writer.write { connection throws(SQLiteError) in
            try connection.execute("UPDATE store SET search_since = NULL")
        }
    }

    /// Forgets what is missing: whoever runs the server has been told.
    package func forgetLostHistory() async throws(StorageError) {
        try await self.writer.write { connection throws(SQLiteError) in
            try connection.execute("DELETE FROM lost_history; DELETE FROM lost_bodies")
        }
    }
}
