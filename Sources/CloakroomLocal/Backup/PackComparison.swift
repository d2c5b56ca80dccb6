import CloakroomDisk
import CloakroomDomain
import CloakroomStore

/// Tells which packs of the backup before hold what a new one needs, and nothing else: they can be shared.
///
/// Both catalogues are gone through side by side; only a few numbers are kept for each pack.
struct PackComparison {
    private struct Count {
        /// Slots that the new backup needs.
        var needed = 0
        /// Slots that the one before has.
        var present = 0
        /// Slots that are both, and whose bytes are as they should be.
        var shared = 0
    }

    private var counts: [PackID: Count] = [:]

    init(
        _ catalog: BackupCatalog, with previous: BackupCatalog, _ isRight: (SealedFile) -> Bool
    ) throws(BackupError) {
        var (files, earlierFiles) = (catalog.files(.byID), previous.files(.byID))
        var (file, earlier) = (try files.next(), try earlierFiles.next())
        while let id = Self.first(file, earlier) {
            let needed = file?.id == id ? file : nil
            let present = earlier?.id == id ? earlier : nil
            if let slot = needed?.slot { self.counts[slot.pack, default: Count()].needed += 1 }
            if let slot = present?.slot { self.counts[slot.pack, default: Count()].present += 1 }
            if let needed, let slot = needed.slot, needed == present, isRight(needed) {
                self.counts[slot.pack, default: Count()].shared += 1
            }
            if needed != nil { file = try files.next() }
            if present != nil { earlier = try earlierFiles.next() }
        }
    }

    private static func first(_ left: SealedFile?, _ right: SealedFile?) -> FileID? {
        guard let left, let right else { return left?.id ?? right?.id }
        return min(left.id, right.id)
    }

    /// The packs that can be shared.
    var packs: Set<PackID> {
        Set(self.counts.filter { $0.value.needed == $0.value.shared && $0.value.present == $0.value.shared }.keys)
    }
}
