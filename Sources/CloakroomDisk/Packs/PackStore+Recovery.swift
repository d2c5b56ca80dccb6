package import CloakroomStore
import CloakroomSystem
import Glibc
import Logging

/// What a start makes of the packs that a crash left.
extension PackStore {
    /// Returns the packs to which slots were being added when the process died, the newest first, and whether all of
    /// them could be read.
    package func unendedPacks() throws(StorageError) -> (packs: [UnendedPack], isComplete: Bool) {
        // What is read may be in the page cache only, after a flush that failed: it is written again and flushed before
        // anything rests on it. What cannot be read may be slots that count: such packs are left to the next start.
        var (packs, isComplete): ([UnendedPack], Bool) = ([], true)
        for id in try self.packIDs().sorted(by: >) {
            do throws(SystemCallError) {
                guard let unended = try self.openUnended(id) else { continue }
                packs.append(unended)
                guard !unended.isComplete else { continue }
                self.reportLeft(id, "a part of it cannot be read")
            } catch {
                self.reportLeft(id, "\(error)")
            }
            isComplete = false
        }
        return (packs, isComplete)
    }

    private func reportLeft(_ id: PackID, _ reason: String) {
        self.health.report("An incomplete pack is left to the next start", "\(id.fileName): \(reason)")
    }

    /// Frees slots that nothing refers to, and cuts a pack to what was used; the catalogue has to be durable by then.
    package func end(
        _ unended: UnendedPack, freeing unused: [PackSlot], used: () throws(StorageError) -> [PackSlot]
    ) throws(StorageError) {
        let (pack, id) = (unended.pack, unended.pack.id)
        let tail = try self.tail(of: unended, used)
        do throws(SystemCallError) {
            for slot in unused { try pack.free(slot.offset, Int64(slot.length)) }
            if tail < unended.length { try pack.free(tail, unended.length - tail) }
            // Before the cut, after which nobody looks for them any more.
            try pack.synchronize()
            try pack.cut(to: min(tail, self.packLength - Int64(PackSlotHeader.alignment)))
            _ = try pack.removeIfEmpty(self.directory)
        } catch {
            if error.storageError == .full { throw .full }
            throw .failed("pack \(id.fileName): \(error)")
        }
    }

    /// Where the part of a pack begins that nothing refers to: behind the last slot whose body is whole, or at its end
    /// where a row refers to something beyond, whose header is damaged.
    private func tail(
        of unended: UnendedPack, _ used: () throws(StorageError) -> [PackSlot]
    ) throws(StorageError) -> Int64 {
        let end = unended.endOfWholeSlots
        // Mostly nothing was torn, and then no rows need be looked through.
        guard !unended.bytes.dropFirst(end).isZero else { return Int64(end) }
        let isReferredTo = try used().contains { $0.offset >= Int64(end) }
        return isReferredTo ? unended.length : Int64(end)
    }

    /// Opens and reads a pack that has its full length, and makes durable what was read; `nil` for one that has been
    /// ended.
    private func openUnended(_ id: PackID) throws(SystemCallError) -> UnendedPack? {
        let pack = try self.openFile(id, for: .changing)
        let length = try pack.length()
        guard length >= self.packLength else { return nil }
        let (bytes, isComplete) = try pack.readAll()
        guard let secret = PackFile.secret(in: bytes) else { throw SystemCallError(.read, code: EBADMSG) }
        try Self.rewrite(bytes, to: pack)
        return UnendedPack(
            pack: pack, length: length, bytes: bytes, isComplete: isComplete,
            slots: Self.slots(in: id, secret: secret, bytes))
    }

    /// Writes what a pack holds again, but not what has been freed or never used, and flushes it.
    private static func rewrite(_ bytes: [UInt8], to pack: PackFile) throws(SystemCallError) {
        var position = 0
        while position < bytes.count {
            let end = min(position + PackSlotHeader.alignment, bytes.count)
            let page = bytes[position..<end]
            if !page.isZero { try pack.write(Array(page), at: Int64(position)) }
            position = end
        }
        try pack.synchronize()
    }

    /// The slots of a pack in their order; one that is damaged hides no other.
    static func slots(in pack: PackID, secret: [UInt8], _ bytes: [UInt8]) -> [PackSlotHeader] {
        var slots: [PackSlotHeader] = []
        var position = PackFile.headerLength
        while position < bytes.count {
            if let header = PackSlotHeader(bytes[position...], in: pack, secret: secret, at: Int64(position)) {
                slots.append(header)
                position += header.slot.length
            } else {
                position += PackSlotHeader.alignment
            }
        }
        return slots
    }

    /// The numbers of the packs, in any order.
    package func packIDs() throws(StorageError) -> [PackID] {
        try StorageError.throwing(self.directory.names()).compactMap { PackID(fileName: $0) }
    }
}
