package import CloakroomDomain
package import CloakroomStore

/// How far the scrub has come, and what is left.
extension Catalog {
    /// Returns how far the scrub has come; `nil` before the first round.
    package func scrubRound() throws(StorageError) -> ScrubRound? {
        try self.readers.read { connection throws(SQLiteError) in
            try connection.statement("SELECT started_at, cursor, shards, completed_at FROM scrub").first { row in
                guard let startedAt = row.timestamp(0), let shards = row.integer(2) else { return nil }
                return ScrubRound(
                    startedAt: startedAt, cursor: row.fileID(1), shards: Int(shards), completedAt: row.timestamp(3))
            }
        }
    }

    /// Notes how far the scrub has come; on return that is durable.
    package func keep(_ round: ScrubRound) async throws(StorageError) {
        try await self.writer.write { connection throws(SQLiteError) in
            try connection.statement(
                """
                INSERT OR REPLACE INTO scrub (id, started_at, cursor, shards, completed_at) VALUES (1, ?, ?, ?, ?)
                """
            )
            .bind(round.startedAt.secondsSinceEpoch).bind(round.cursor?.bytes).bind(Int64(round.shards))
            .bind(round.completedAt?.secondsSinceEpoch).run()
        }
    }

    /// Returns how many ready files follow one, and how many bytes they have; looks through all of them.
    package func sealedTotals(after id: FileID?) throws(StorageError) -> (files: Int64, bytes: Int64) {
        try self.readers.read { connection throws(SQLiteError) in
            try connection.statement(
                "SELECT count(*), coalesce(sum(size_bytes), 0) FROM files WHERE id > ? AND sha256 IS NOT NULL"
            ).bind(Self.cursor(after: id)).first { ($0.integer(0) ?? 0, $0.integer(1) ?? 0) } ?? (0, 0)
        }
    }
}
