import CloakroomDisk
import CloakroomDomain
import CloakroomSQLite
import CloakroomStore

/// What rows say of packs.
extension Catalog {
    /// Returns where a file's bytes are packed, if they are.
    func slot(_ id: FileID) throws(StorageError) -> PackSlot? { try self.locator(id).map { PackSlot($0) } }

    /// Returns the slots of a pack to which rows and tombstones refer, in any order; looks through all of them.
    func slots(in pack: PackID) throws(StorageError) -> [PackSlot] {
        try self.locators(withPrefix: pack.locatorPrefix).map { PackSlot($0) }
    }

    /// Whether a row or tombstone refers to any part of a slot; looks through all of them.
    func refers(toPartOf slot: PackSlot) throws(StorageError) -> Bool {
        try self.slots(in: slot.pack).contains { $0.overlaps(slot) }
    }

    /// Returns the parts of a pack to which no row refers, of pages that belong to no slot with a header that is right.
    func unreferencedParts(_ pages: [Int64], in pack: PackID) throws(StorageError) -> [PackSlot] {
        // Mostly there is no such page, and then no rows need be looked through.
        guard !pages.isEmpty else { return [] }
        let used = try self.slots(in: pack).filter(\.isPossible).map { slot in
            slot.offset..<slot.offset + Int64(slot.length)
        }
        let rest = pages.filter { page in !used.contains { $0.contains(page) } }
        return PackContent.parts(of: rest, in: pack)
    }

    /// Whether a row or tombstone refers to a slot, as that of a file.
    func refers(to slot: PackSlot, of id: FileID) throws(StorageError) -> Bool {
        try self.refers(to: slot.locator, of: id)
    }
}

extension Catalog.CheckedTombstone {
    /// Where the bytes were packed, if they were.
    var slot: PackSlot? { self.locator.map { PackSlot($0) } }
}
