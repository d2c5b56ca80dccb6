import CloakroomDomain
import CloakroomSQLite
import CloakroomStore

/// Sums and notes in the catalogue.
extension StoreCheck {
    func checkUsages() async throws(StorageError) {
        for usage in try self.catalog.wrongUsages() {
            let (found, noted) = (usage.found, usage.noted)
            let detail = "\(noted.files) files and \(noted.bytes) bytes instead of \(found.files) and \(found.bytes)"
            if self.quarantine != nil { try await self.catalog.correctUsage(of: usage.organization) }
            let repair = self.quarantine == nil ? nil : "corrected"
            self.report(Finding(.usage, usage.organization.description, detail, repair: repair))
        }
    }

    func checkTombstones() async throws(StorageError) {
        var cursor: FileID?
        while true {
            let page = try self.catalog.tombstones(after: cursor, limit: Self.pageLength)
            guard let last = page.last else { return }
            for tombstone in page { try await self.check(tombstone) }
            cursor = last.id
        }
    }

    private func check(_ tombstone: Catalog.CheckedTombstone) async throws(StorageError) {
        guard !tombstone.hasRow else { return self.report(Self.contradiction(tombstone.id)) }
        // Before it is marked, the server has still to remove them.
        guard tombstone.isMarked, try Candidate.isThere(tombstone, self.tree) else { return }
        try await self.candidate(.undeleted(tombstone))
    }

    static func contradiction(_ id: FileID, repair: String? = nil) -> Finding {
        Finding(.contradictory, "\(id)", "is marked as deleted and still exists", repair: repair)
    }
}
