import CloakroomCrypto
import CloakroomDomain
import Logging
import Synchronization

import Glibc

/// What a start makes of the packs that a crash left.
extension PackStore {
    /// Whether there are packs that the start could not look through: their slots may be acknowledged ones.
    var hasSkippedPacks: Bool { self.skippedPacks.load(ordering: .relaxed) }

    /// Ends packs to which slots were being added when the process died, before any are added by this one.
    ///
    /// A whole slot whose row is pending seals it: the client may have been told. The newest of a file counts: before it
    /// there can only be one of an upload that failed, as no slot is added for a file that is sealed. Slots to which no
    /// row refers then are given back, and what follows the last whole slot. Other bytes that are no slot are left alone.
    ///
    /// What is read may be in the page cache only, after a flush that failed: it is written again and flushed before
    /// anything rests on it, and so is the catalogue before a pack is ended.
    ///
    /// - Parameter seal: Seals a pending row by a slot.
    /// - Throws: ``StorageError``.
    func recover(
        _ seal: (PackSlotHeader) async throws(StorageError) -> Void
    ) async throws(StorageError) {
        for id in try self.packIDs().sorted(by: >) {
            guard let (pack, secret, bytes, isComplete) = self.openUnended(id) else { continue }
            let found = Self.slots(in: id, secret: secret, bytes)
            for header in found.reversed() where Self.isWhole(header, bytes) { try await seal(header) }
            try await self.catalog.makeDurable()
            // What cannot be read now may be a slot that counts: the pack stays as it is, for the next start.
            guard isComplete else { continue }
            var unused: [PackSlot] = []
            for header in found where try self.catalog.slot(header.id) != header.slot { unused.append(header.slot) }
            let end = found.filter { Self.isWhole($0, bytes) }.map { Int($0.slot.offset) + $0.slot.length }.max()
            let tail = try self.tail(of: id, from: end ?? PackFile.headerLength, bytes)
            do throws(SystemCallError) {
                for slot in unused { try pack.giveBack(slot.offset, Int64(slot.length)) }
                try pack.giveBack(tail, Int64(bytes.count) - tail)
                // Before the cut, after which nobody looks for them any more.
                try pack.synchronize()
                try pack.cut(to: min(tail, self.packLength - Int64(PackSlotHeader.alignment)))
                _ = try pack.removeIfEmpty(self.directory)
            } catch {
                if error.storageError == .full { throw .full }
                throw .failed("pack \(id.fileName): \(error)")
            }
        }
    }

    /// Where the part of a pack begins that nothing refers to: the group that was being written is torn.
    ///
    /// - Parameters:
    ///   - id: The pack.
    ///   - end: The end of the last slot whose body is whole.
    ///   - bytes: What the pack holds.
    /// - Returns: That end; the pack's, where a row refers to something beyond: its header is damaged.
    /// - Throws: ``StorageError``.
    private func tail(of id: PackID, from end: Int, _ bytes: [UInt8]) throws(StorageError) -> Int64 {
        // Mostly nothing was torn, and then no rows need be looked through.
        guard bytes[end...].contains(where: { $0 != 0 }) else { return Int64(end) }
        let isReferredTo = try self.catalog.hasSlots(in: id, from: Int64(end))
        return Int64(isReferredTo ? bytes.count : end)
    }

    /// Opens and reads a pack that has its full length, and makes durable what was read.
    ///
    /// - Returns: `nil` for one that has been ended, and for one that cannot be opened or has no header: it is left
    ///   alone. One that can be read in part has zeros in place of the rest.
    private func openUnended(_ id: PackID) -> (PackFile, secret: [UInt8], bytes: [UInt8], isComplete: Bool)? {
        do throws(SystemCallError) {
            let pack = try self.openFile(id, for: .changing)
            guard try pack.length() >= self.packLength else { return nil }
            let (bytes, isComplete) = try pack.readAll()
            guard let secret = PackFile.secret(in: bytes) else { throw SystemCallError(.read, code: EBADMSG) }
            try Self.rewrite(bytes, to: pack)
            if !isComplete { self.leaveAlone(id, "a part of it cannot be read") }
            return (pack, secret, bytes, isComplete)
        } catch {
            self.leaveAlone(id, "\(error)")
            return nil
        }
    }

    private func leaveAlone(_ id: PackID, _ reason: String) {
        self.skippedPacks.store(true, ordering: .relaxed)
        self.health.report("A pack that was not ended is left to the next start: \(id.fileName): \(reason)")
    }

    /// Writes what a pack holds again, but not what has been given back or never used, and flushes it.
    private static func rewrite(_ bytes: [UInt8], to pack: PackFile) throws(SystemCallError) {
        var position = 0
        while position < bytes.count {
            let end = min(position + PackSlotHeader.alignment, bytes.count)
            let page = bytes[position..<end]
            if page.contains(where: { $0 != 0 }) { try pack.write(Array(page), at: Int64(position)) }
            position = end
        }
        try pack.synchronize()
    }

    /// Whether all of a slot's body reached the disk: the last group's may not have.
    private static func isWhole(_ header: PackSlotHeader, _ bytes: [UInt8]) -> Bool {
        let start = Int(header.slot.bodyOffset)
        guard start + header.slot.bodyLength <= bytes.count else { return false }
        return SHA256.hash(Array(bytes[start..<start + header.slot.bodyLength])) == header.seal.sha256
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

    private func packIDs() throws(StorageError) -> [PackID] {
        do throws(SystemCallError) {
            return try self.directory.names().compactMap { PackID(fileName: $0) }
        } catch {
            throw error.storageError
        }
    }
}
