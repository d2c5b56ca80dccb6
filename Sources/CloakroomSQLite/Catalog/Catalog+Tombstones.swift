package import CloakroomDomain
package import CloakroomStore

/// Tombstones.
extension Catalog {
    /// A tombstone, as a check looks at it.
    package struct CheckedTombstone: Hashable, Sendable {
        package let id: FileID
        /// Whether the file's bytes are said to be durably gone.
        package let isMarked: Bool
        /// Whether there is a row of the file nevertheless.
        package let hasRow: Bool
        /// Where the bytes were; `nil` where the id alone says so.
        package let locator: BlobLocator?
    }

    /// Returns tombstones, in the order of their ids.
    package func tombstones(after id: FileID?, limit: Int) throws(StorageError) -> [CheckedTombstone] {
        try self.readers.read { connection throws(SQLiteError) in
            try connection.statement(
                """
                SELECT id, bytes_removed, EXISTS (SELECT 1 FROM files WHERE files.id = deleted_files.id),
                    locator
                FROM deleted_files WHERE id > ? ORDER BY id LIMIT ?
                """
            ).bind(Self.cursor(after: id)).bind(Int64(limit)).all(CheckedTombstone.init)
        }
    }

    /// Returns the tombstone, if there is one.
    package func tombstone(_ id: FileID) throws(StorageError) -> CheckedTombstone? {
        try self.readers.read { connection throws(SQLiteError) in
            try connection.statement(
                """
                SELECT id, bytes_removed, EXISTS (SELECT 1 FROM files WHERE files.id = deleted_files.id),
                    locator
                FROM deleted_files WHERE id = ?
                """
            ).bind(id.bytes).first(CheckedTombstone.init)
        }
    }

    /// Removes tombstones of files that are there, before anything is removed because of them, and returns the files.
    package func dropContradictoryTombstones() async throws(StorageError) -> [FileID] {
        try await self.writer.write { connection throws(SQLiteError) in
            let ids = try connection.statement("SELECT id FROM deleted_files WHERE id IN (SELECT id FROM files)")
                .all { $0.fileID(0) }
            for id in ids {
                try connection.statement("DELETE FROM deleted_files WHERE id = ?").bind(id.bytes).run()
            }
            return ids
        }
    }
}

extension Catalog.CheckedTombstone {
    /// Reads id, mark, whether there is a row, and locator.
    fileprivate init?(_ row: SQLiteStatement) throws(SQLiteError) {
        guard let id = row.fileID(0) else { return nil }
        self.init(
            id: id, isMarked: row.integer(1) == 1, hasRow: row.integer(2) == 1, locator: try row.locator(3))
    }
}
