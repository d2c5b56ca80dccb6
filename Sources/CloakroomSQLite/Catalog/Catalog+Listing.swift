package import CloakroomDomain
package import CloakroomStore

extension Catalog {
    /// Returns a page of an organization's files, newest first; one that looked at many files in vain may be short, and
    /// then has a cursor.
    package func files(
        _ query: FileQuery, of organization: OrganizationID, now: Timestamp
    ) throws(StorageError) -> FilePage {
        try self.readers.read { connection throws(SQLiteError) in
            let rows = try connection.statement(Self.listing(query.status))
                .bind(organization.description).bind(query.cursor?.bytes ?? [UInt8](repeating: 0xFF, count: 17))
                .bind(now.secondsSinceEpoch)
            defer { rows.reset() }
            var files: [FileRecord] = []
            var last: FileID?
            for _ in 0..<Self.listingLimit {
                guard try rows.step() else { return FilePage(files: files, nextCursor: nil) }
                if files.count == query.limit { return FilePage(files: files, nextCursor: last) }
                let file = try FileRow.decode(rows)
                last = file.id
                if query.mediaRange?.contains(file.declaration.mediaType) ?? true { files.append(file) }
            }
            return FilePage(files: files, nextCursor: last)
        }
    }

    /// The most files that one page looks at: some ten milliseconds.
    private static let listingLimit = 10_000

    /// A statement for each status, so that SQLite can use the partial index of the pending ones.
    private static func listing(_ status: FileQuery.Status?) -> FileRowQuery {
        switch status {
        case nil: .listing
        case .ready: .listingReady
        case .pending: .listingPending
        }
    }

    /// Whether there is any file, of any organization.
    package func hasFiles() throws(StorageError) -> Bool {
        try self.readers.read { connection throws(SQLiteError) in
            try connection.statement("SELECT 1 FROM files LIMIT 1").hasRow()
        }
    }
}
