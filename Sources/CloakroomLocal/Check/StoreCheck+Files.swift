import CloakroomDisk
import CloakroomDomain
import CloakroomSQLite
import CloakroomStore

/// Rows against their bytes.
extension StoreCheck {
    func checkFiles() async throws(StorageError) {
        var cursor: FileID?
        while true {
            let page = try self.catalog.sealedFiles(after: cursor, limit: Self.pageLength)
            guard let last = page.last else { break }
            for file in page { try self.check(file) }
            cursor = last.id
        }
        if let quarantine { try await self.repairDamaged(quarantine) }
    }

    private func check(_ file: SealedFile) throws(StorageError) {
        self.summary.files += 1
        self.summary.bytes = self.summary.bytes + file.size
        switch try BlobExamination(file, in: self.tree, self.extent).outcome() {
        case .whole: return
        case .headerDamaged:
            self.report(Finding(.noted, "\(file.id)", "the header of its slot is damaged; its bytes are intact"))
        case .damaged, .gone:
            guard let damage = try self.confirmedDamage(of: file.id) else { return }
            if self.quarantine == nil || self.summary.unrepaired > 0 || self.damaged.count == self.maximumDamaged {
                self.leaveDamaged(file.id, damage)
            } else {
                self.damaged.append((file.id, damage))
            }
        }
    }

    /// Reports a damaged file as it is, and with it those that were to be repaired: they have become too many.
    private func leaveDamaged(_ id: FileID, _ damage: BlobDamage) {
        for (id, damage) in self.damaged + [(id, damage)] {
            self.report(Finding(.damaged, "\(id)", damage.description))
            if self.quarantine != nil { self.summary.unrepaired += 1 }
        }
        self.damaged = []
    }

    /// Takes damaged files out of the way, once it is known how many there are.
    private func repairDamaged(_ quarantine: FileQuarantine) async throws(StorageError) {
        for (id, _) in self.damaged {
            guard let damage = try await quarantine.quarantineIfDamaged(id, self.extent, now: self.now) else {
                continue
            }
            self.report(Finding(.damaged, "\(id)", damage.description, repair: Self.repair(of: damage)))
        }
        self.damaged = []
    }

    private static func repair(of damage: BlobDamage) -> String {
        switch damage {
        case .missing, .unreadable: "can be uploaded again"
        case .wrongLength, .wrongDigest: "moved to quarantine, can be uploaded again"
        }
    }

    /// How often a row may change while its bytes are looked at, before that is taken to be nothing.
    private static let rowAttempts = 5

    /// Looks at a file's bytes again, and then at its row: bytes go after their row has, so where it has stayed the
    /// same, they should have been there.
    private func confirmedDamage(of id: FileID) throws(StorageError) -> BlobDamage? {
        for _ in 0..<Self.rowAttempts {
            guard let file = try self.catalog.sealedFile(id) else { return nil }
            let outcome = try BlobExamination(file, in: self.tree, self.extent).outcome()
            switch outcome {
            case .whole, .headerDamaged: return nil
            case .gone: continue
            case .damaged(let damage):
                if try self.catalog.sealedFile(id) == file { return damage }
            }
        }
        return nil
    }
}
