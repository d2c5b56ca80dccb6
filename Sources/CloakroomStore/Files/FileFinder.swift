package import CloakroomDomain

package final class FileFinder: Sendable {
    private let rows: any FileRows
    private let caches: RowCaches

    init(rows: any FileRows, caches: RowCaches) {
        self.rows = rows
        self.caches = caches
    }

    /// Returns an organization's file; an unknown one, another organization's and an expired one give the same
    /// ``StorageError/notFound``.
    package func find(
        _ id: FileID, access: OrganizationAccess, now: Timestamp
    ) async throws(StorageError) -> FileRecord {
        let found = try await self.rows.find(id, of: access.organization, now: now).value()
        guard let found else { throw .notFound }
        return found
    }

    /// Returns an organization's file whose bytes are there; an unknown one, another organization's, a pending one and
    /// an expired one give the same ``StorageError/notFound``.
    package func findReady(
        _ id: FileID, access: OrganizationAccess, now: Timestamp
    ) async throws(StorageError) -> FileRecord {
        let found = try await self.rows.findReady([id], of: access.organization, now: now).value()
        guard let record = found.first else { throw .notFound }
        return record
    }

    /// Returns those of some files that are an organization's, ready and not expired, in the order of the ids.
    package func findReady(
        _ ids: [FileID], access: OrganizationAccess, now: Timestamp
    ) async throws(StorageError) -> [FileRecord] {
        var (files, epoch) = self.caches.ready.find(ids)
        let unknown = ids.filter { files[$0] == nil }
        if !unknown.isEmpty {
            let found = try await self.rows.findReady(unknown, of: access.organization, now: now).value()
            self.caches.ready.keep(found, since: epoch)
            for file in found { files[file.id] = file }
        }
        // Rows that were kept may have expired since.
        return ids.compactMap { files[$0] }
            .filter { $0.organization == access.organization && !$0.isExpired(at: now) }
    }

    /// Returns a page of an organization's files.
    package func list(
        _ query: FileQuery, access: OrganizationAccess, now: Timestamp
    ) async throws(StorageError) -> FilePage {
        try await self.rows.findPage(query, of: access.organization, now: now).value()
    }
}
