import CloakroomDomain
import CloakroomSQLite
import CloakroomStore
import CloakroomSystem

/// What is known to be missing, and what is in quarantine.
extension StoreCheck {
    func checkHistory() async throws(StorageError) {
        guard let lost = try self.catalog.lostHistory() else { return }
        let bodies = try self.catalog.lostBodies()
        let repair = self.quarantine == nil ? nil : "acknowledged"
        for detail in lost.details {
            self.report(Finding(.history, Catalog.fileName, "has lost committed changes: \(detail)", repair: repair))
        }
        for id in bodies {
            self.report(Finding(.history, "\(id)", "has bytes and no database row: the row was lost", repair: repair))
        }
    }

    /// Forgets history that was lost, after a repair has moved the bodies without rows, and only if everything was reported.
    func acknowledgeHistory() async throws(StorageError) {
        guard self.quarantine != nil, self.isReported() else { return }
        try await self.catalog.forgetLostHistory()
    }

    func checkQuarantine() throws(StorageError) {
        for entry in try StorageError.throwing(Quarantine(self.directory).entries()) {
            let since = Timestamp(secondsSinceEpoch: entry.since).rfc3339
            self.report(
                Finding(.quarantined, "\(Quarantine.path)/\(entry.name)", "\(entry.size) bytes since \(since)"))
        }
    }
}
