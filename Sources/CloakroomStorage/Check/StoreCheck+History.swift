import CloakroomDomain

/// What is known to be missing, and what is in quarantine.
extension StoreCheck {
    /// Reports history that was lost; a repair takes that as read once it has moved the bodies without rows.
    func checkHistory() async throws(StorageError) {
        guard let lost = try self.catalog.lostHistory() else { return }
        let bodies = try self.catalog.lostBodies()
        // The bodies themselves are moved by what follows.
        if self.store != nil { try await self.catalog.forgetLostHistory() }
        let repair = self.store == nil ? nil : "noted as read"
        for detail in lost.details {
            self.report(Finding(.history, Catalog.fileName, "has lost committed changes: \(detail)", repair: repair))
        }
        for id in bodies {
            self.report(Finding(.history, "\(id)", "has a body and no row: its row was lost", repair: repair))
        }
    }

    /// Lists what is in quarantine.
    func checkQuarantine() throws(StorageError) {
        do throws(SystemCallError) {
            for entry in try Quarantine(self.directory).entries() {
                let since = Timestamp(secondsSinceEpoch: entry.since).rfc3339
                self.report(
                    Finding(.quarantined, "\(Quarantine.path)/\(entry.name)", "\(entry.size) bytes since \(since)"))
            }
        } catch {
            throw error.storageError
        }
    }
}
