import CloakroomCrypto
import CloakroomDomain
import Logging

import Glibc

/// What a start makes of the packs that a crash left.
extension PackStore {
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
    /// - Returns: Whether all of them are ended. What cannot be read of the others may be slots that count: they are left
    ///   to the next start.
    /// - Throws: ``StorageError``.
    func recover(
        _ seal: (PackSlotHeader) async throws(StorageError) -> Void
    ) async throws(StorageError) -> Bool {
        var isComplete = true
        for id in try self.packIDs().sorted(by: >) {
            let opened = Result { () throws(SystemCallError) in try self.openUnended(id) }
            switch opened {
            case .success(nil): continue
            case .success(let unended?):
                for header in unended.slots.reversed() where unended.isWhole(header) { try await seal(header) }
                try await self.catalog.makeDurable()
                if unended.isComplete {
                    try self.end(unended)
                } else {
                    isComplete = false
                    self.reportLeft(id, "a part of it cannot be read")
                }
            case .failure(let error):
                isComplete = false
                self.reportLeft(id, "\(error)")
            }
        }
        return isComplete
    }

    private func reportLeft(_ id: PackID, _ reason: String) {
        self.health.report("An incomplete pack is left to the next start: \(id.fileName): \(reason)")
    }

    /// Gives back what no row refers to, and cuts a pack to what was used.
    private func end(_ unended: UnendedPack) throws(StorageError) {
        let (pack, id) = (unended.pack, unended.pack.id)
        var unused: [PackSlot] = []
        for header in unended.slots where try self.catalog.slot(header.id) != header.slot { unused.append(header.slot) }
        let tail = try self.tail(of: unended)
        do throws(SystemCallError) {
            for slot in unused { try pack.giveBack(slot.offset, Int64(slot.length)) }
            try pack.giveBack(tail, Int64(unended.bytes.count) - tail)
            // Before the cut, after which nobody looks for them any more.
            try pack.synchronize()
            try pack.cut(to: min(tail, self.packLength - Int64(PackSlotHeader.alignment)))
            _ = try pack.removeIfEmpty(self.directory)
        } catch {
            if error.storageError == .full { throw .full }
            throw .failed("pack \(id.fileName): \(error)")
        }
    }

    /// Where the part of a pack begins that nothing refers to: the group that was being written is torn.
    ///
    /// - Parameter unended: The pack.
    /// - Returns: The end of the last slot whose body is whole; the pack's, where a row refers to something beyond: its
    ///   header is damaged.
    /// - Throws: ``StorageError``.
    private func tail(of unended: UnendedPack) throws(StorageError) -> Int64 {
        let end = unended.endOfWholeSlots
        // Mostly nothing was torn, and then no rows need be looked through.
        guard unended.bytes[end...].contains(where: { $0 != 0 }) else { return Int64(end) }
        let isReferredTo = try self.catalog.hasSlots(in: unended.pack.id, from: Int64(end))
        return Int64(isReferredTo ? unended.bytes.count : end)
    }

    /// Opens and reads a pack that has its full length, and makes durable what was read.
    ///
    /// - Parameter id: The pack.
    /// - Returns: `nil` for one that has been ended.
    /// - Throws: The call that failed, also for one without a header.
    private func openUnended(_ id: PackID) throws(SystemCallError) -> UnendedPack? {
        let pack = try self.openFile(id, for: .changing)
        guard try pack.length() >= self.packLength else { return nil }
        let (bytes, isComplete) = try pack.readAll()
        guard let secret = PackFile.secret(in: bytes) else { throw SystemCallError(.read, code: EBADMSG) }
        try Self.rewrite(bytes, to: pack)
        return UnendedPack(
            pack: pack, bytes: bytes, isComplete: isComplete, slots: Self.slots(in: id, secret: secret, bytes))
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

/// A pack to which slots were being added when the process died, as it was read.
private struct UnendedPack {
    let pack: PackFile
    /// What it holds, with zeros in place of pages that cannot be read.
    let bytes: [UInt8]
    /// Whether there are no such pages.
    let isComplete: Bool
    let slots: [PackSlotHeader]

    /// Whether all of a slot's body reached the disk: the last group's may not have.
    func isWhole(_ header: PackSlotHeader) -> Bool {
        let start = Int(header.slot.bodyOffset)
        guard start + header.slot.bodyLength <= self.bytes.count else { return false }
        return SHA256.hash(Array(self.bytes[start..<start + header.slot.bodyLength])) == header.seal.sha256
    }

    /// Where the last slot ends whose body is whole.
    var endOfWholeSlots: Int {
        let ends = self.slots.filter { self.isWhole($0) }.map { Int($0.slot.offset) + $0.slot.length }
        return ends.max() ?? PackFile.headerLength
    }
}
