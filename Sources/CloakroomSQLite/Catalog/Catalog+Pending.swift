package import CloakroomDomain
package import CloakroomStore

/// Files whose bytes have not been sealed.
extension Catalog {
    /// A pending file's place among the others.
    package struct PendingCursor: Hashable, Sendable {
        let uploadExpiresAt: Int64
        let id: FileID
    }

    /// Returns pending files, those first whose URLs end last, and where to go on; `nil` at the end.
    package func pendingFiles(
        after cursor: PendingCursor?, limit: Int
    ) throws(StorageError) -> (next: PendingCursor?, files: [FileID]) {
        try self.readers.read { connection throws(SQLiteError) in
            let rows = try connection.statement(
                """
                SELECT id, upload_expires_at FROM files
                WHERE sha256 IS NULL AND (upload_expires_at, id) < (?, ?)
                ORDER BY upload_expires_at DESC, id DESC LIMIT ?
                """
            )
            .bind(cursor?.uploadExpiresAt ?? .max).bind(cursor?.id.bytes ?? [0xff]).bind(Int64(limit))
            defer { rows.reset() }
            var (count, last, files): (Int, PendingCursor?, [FileID]) = (0, nil, [])
            while try rows.step() {
                count += 1
                guard let id = rows.fileID(0) else { continue }
                last = PendingCursor(uploadExpiresAt: rows.integer(1) ?? 0, id: id)
                files.append(id)
            }
            return (count < limit ? nil : last, files)
        }
    }
}
