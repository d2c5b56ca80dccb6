import CloakroomDisk
import CloakroomDomain
import CloakroomSQLite
import CloakroomStore
import CloakroomSystem

/// Something that looks wrong, and may be right a moment later: beside a running server it is looked at again.
enum Candidate: Hashable, Sendable {
    /// A blob in its place, without a row or a tombstone.
    case orphan(FileID)
    /// A slot with a header that is right, to which neither its file's row nor the tombstone refers.
    case slot(PackSlot, of: FileID)
    /// A part of a pack that is not empty and no slot's.
    case part(PackSlot)
    /// Bytes that are said to be gone.
    case undeleted(Catalog.CheckedTombstone)

    /// Whether it still looks wrong.
    func isStillThere(_ catalog: Catalog, _ tree: BlobTree) throws(StorageError) -> Bool {
        switch self {
        case .orphan(let id):
            // In this order: its name goes before the tombstone does.
            guard try !catalog.unknownFiles([id]).isEmpty else { return false }
            return try Self.hasOwnFile(id, tree)
        case .slot(let slot, let id):
            guard try !catalog.refers(to: slot, of: id) else { return false }
            return try Self.header(at: slot, tree)?.id == id
        case .part(let part):
            guard try !catalog.refers(toPartOf: part) else { return false }
            return try Self.isFilled(part, tree)
        case .undeleted(let tombstone):
            guard try catalog.tombstone(tombstone.id) == tombstone else { return false }
            return try Self.isThere(tombstone, tree)
        }
    }

    /// Whether bytes of a deleted file are there.
    static func isThere(_ tombstone: Catalog.CheckedTombstone, _ tree: BlobTree) throws(StorageError) -> Bool {
        if try Self.hasOwnFile(tombstone.id, tree) { return true }
        guard let slot = tombstone.slot, slot.isPossible else { return false }
        return try Self.header(at: slot, tree)?.id == tombstone.id
    }

    private static func hasOwnFile(_ id: FileID, _ tree: BlobTree) throws(StorageError) -> Bool {
        try StorageError.throwing(tree.contains(id))
    }

    private static func header(at slot: PackSlot, _ tree: BlobTree) throws(StorageError) -> PackSlotHeader? {
        try StorageError.throwing(
            SystemCallError.unlessMissing(PackReader(slot.pack, in: tree).header(at: slot.offset)) ?? nil)
    }

    private static func isFilled(_ part: PackSlot, _ tree: BlobTree) throws(StorageError) -> Bool {
        let bytes = try StorageError.throwing(
            SystemCallError.unlessMissing(
                PackReader(part.pack, in: tree).file.descriptor.read(count: part.length, at: part.offset)))
        return bytes?.contains { $0 != 0 } ?? false
    }

    /// What is reported of it, and of what was done; `nil` where nothing was.
    func finding(repair: String? = nil) -> Finding {
        switch self {
        case .orphan(let id):
            let path = "\(BlobStore.directoryName)/\(BlobStore.shardName(Int(id.shard)))/\(id.uuid)"
            return Finding(.orphan, "\(id)", "\(path) belongs to no file", repair: repair)
        case .slot(let slot, let id):
            return Self.finding(slot, " with the header of \(id)", repair)
        case .part(let part): return Self.finding(part, "", repair)
        case .undeleted(let tombstone):
            return Finding(.undeleted, "\(tombstone.id)", "is deleted, and its bytes still exist", repair: repair)
        }
    }

    private static func finding(_ part: PackSlot, _ owner: String, _ repair: String?) -> Finding {
        let path = "\(BlobStore.directoryName)/\(PackStore.directoryName)/\(part.pack.fileName)"
        let detail = "\(part.length) bytes at \(part.offset)\(owner) belong to no file"
        return Finding(.unreferenced, path, detail, repair: repair)
    }
}
