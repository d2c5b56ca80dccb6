package import CloakroomDomain
package import CloakroomStore

extension Catalog {
    /// Removes an organization's file and leaves a note that its bytes are to go.
    func delete(
        _ id: FileID, of organization: OrganizationID, now: Timestamp
    ) async throws(StorageError) -> Tombstone? {
        try await self.writer.write { connection throws(SQLiteError) in
            try self.moveToDeleted(id, of: organization, .deleted, .request, now: now, connection)
        }
    }

    /// Takes back a pending file that came with an idempotency key and could not be stored: its row goes, and the key
    /// is free.
    func withdraw(
        _ id: FileID, of organization: OrganizationID, now: Timestamp
    ) async throws(StorageError) {
        try await self.writer.write { connection throws(SQLiteError) in
            let isPending = try connection.statement("SELECT 1 FROM files WHERE id = ? AND sha256 IS NULL")
                .bind(id.bytes).hasRow()
            guard isPending else { return }
            _ = try self.moveToDeleted(id, of: organization, nil, now: now, connection)
            try Self.freeKey(of: id, connection)
        }
    }

    /// Whoever repeats the request that declared a dropped file wants one that can still be sent.
    private static func freeKey(of id: FileID, _ connection: SQLiteConnection) throws(SQLiteError) {
        try connection.statement("DELETE FROM idempotency_keys WHERE file_id = ?").bind(id.bytes).run()
    }

    /// Turns a row into a tombstone, and tells that by an event, if it is one.
    private func moveToDeleted(
        _ id: FileID, of organization: OrganizationID, _ event: EventType?, _ reason: EventReason? = nil,
        now: Timestamp, _ connection: SQLiteConnection
    ) throws(SQLiteError) -> Tombstone? {
        let row = try connection.statement("SELECT locator FROM files WHERE id = ? AND organization_id = ?")
            .bind(id.bytes).bind(organization.description)
        defer { row.reset() }
        guard try row.step() else { return nil }
        // What is malformed is found by whoever frees the place; the row goes all the same.
        let locator = row.blob(0).flatMap { BlobLocator($0) }
        row.reset()
        try connection.statement(
            """
            INSERT OR REPLACE INTO deleted_files (id, deleted_at, forget_after, locator)
            SELECT id, ?1, max(?1, upload_expires_at) + ?2, locator FROM files
            WHERE id = ?3 AND organization_id = ?4
            """
        )
        .bind(now.secondsSinceEpoch).bind(Retention.uploadGraceSeconds).bind(id.bytes).bind(organization.description)
        .run()
        if let event {
            try self.keepRemoved(id, connection)
            try self.note(event, of: id, organization.description, at: now, reason: reason, connection)
        }
        try connection.statement("DELETE FROM files WHERE id = ?").bind(id.bytes).run()
        return Tombstone(id: id, locator: locator)
    }

    /// Moves files to the deleted ones whose upload URL ended long ago without an upload.
    func deleteAbandoned(
        now: Timestamp, limit: Int, except uploads: Set<FileID>
    ) async throws(StorageError) -> Int {
        try await self.writer.write { connection throws(SQLiteError) in
            let rows = try connection.statement(
                """
                SELECT id, organization_id FROM files WHERE sha256 IS NULL AND upload_expires_at < ?
                ORDER BY upload_expires_at
                """
            ).bind(now.secondsSinceEpoch - Retention.uploadGraceSeconds)
            let abandoned = try Self.filesAndOwners(rows, limit: limit, except: uploads)
            for (id, owner) in abandoned {
                _ = try self.moveToDeleted(id, of: owner, .abandoned, now: now, connection)
                try Self.freeKey(of: id, connection)
            }
            return abandoned.count
        }
    }

    /// Moves files to the deleted ones that have ended, pending and ready ones; their idempotency keys stay taken.
    func deleteExpired(now: Timestamp, limit: Int) async throws(StorageError) -> [FileID] {
        try await self.writer.write { connection throws(SQLiteError) in
            let rows = try connection.statement(
                "SELECT id, organization_id FROM files WHERE expires_at <= ? ORDER BY expires_at LIMIT ?"
            ).bind(now.secondsSinceEpoch).bind(Int64(limit))
            let ended = try Self.filesAndOwners(rows, limit: limit)
            for (id, owner) in ended {
                _ = try self.moveToDeleted(id, of: owner, .deleted, .expired, now: now, connection)
            }
            return ended.map(\.0)
        }
    }

    /// Reads rows of a file's id and its owner's.
    private static func filesAndOwners(
        _ rows: SQLiteStatement, limit: Int, except others: Set<FileID> = []
    ) throws(SQLiteError) -> [(FileID, OrganizationID)] {
        defer { rows.reset() }
        var files: [(FileID, OrganizationID)] = []
        while files.count < limit, try rows.step() {
            if let id = rows.fileID(0), !others.contains(id),
                let owner = rows.text(1).flatMap({ OrganizationID($0) })
            {
                files.append((id, owner))
            }
        }
        return files
    }

    /// Returns tombstones whose bytes may still be there, in the order of their ids.
    func tombstones(
        _ kind: TombstoneKind, after id: FileID?, limit: Int
    ) throws(StorageError) -> [Tombstone] {
        try self.readers.read { connection throws(SQLiteError) in
            try connection.statement(Self.tombstones(kind)).bind(Self.cursor(after: id)).bind(Int64(limit))
                .all { row throws(SQLiteError) in
                    guard let id = row.fileID(0) else { return nil }
                    return Tombstone(id: id, locator: try row.locator(1))
                }
        }
    }

    /// A statement for each kind, so that SQLite can use its partial index.
    private static func tombstones(_ kind: TombstoneKind) -> StaticString {
        switch kind {
        case .byID:
            """
            SELECT id, locator FROM deleted_files
            WHERE bytes_removed = 0 AND locator IS NULL AND id > ? ORDER BY id LIMIT ?
            """
        case .located:
            """
            SELECT id, locator FROM deleted_files
            WHERE bytes_removed = 0 AND locator IS NOT NULL AND id > ? ORDER BY id LIMIT ?
            """
        }
    }

    /// Notes that the bytes of deleted files are durably gone.
    package func markRemoved(_ ids: [FileID]) async throws(StorageError) {
        try await self.writer.write { connection throws(SQLiteError) in
            for id in ids {
                try connection.statement("UPDATE deleted_files SET bytes_removed = 1 WHERE id = ?").bind(id.bytes).run()
            }
        }
    }

    /// Returns deleted files that no upload can bring back any more.
    package func filesToForget(now: Timestamp, limit: Int) throws(StorageError) -> [FileID] {
        try self.readers.read { connection throws(SQLiteError) in
            try connection.statement(
                "SELECT id FROM deleted_files WHERE bytes_removed = 1 AND forget_after < ? LIMIT ?"
            )
            .bind(now.secondsSinceEpoch).bind(Int64(limit)).all { $0.fileID(0) }
        }
    }

    package func forget(_ ids: [FileID]) async throws(StorageError) {
        try await self.writer.write { connection throws(SQLiteError) in
            for id in ids {
                try connection.statement("DELETE FROM deleted_files WHERE id = ? AND bytes_removed = 1")
                    .bind(id.bytes).run()
            }
        }
    }
}
