import CloakroomCrypto
import CloakroomDomain
import CloakroomSystem

/// A pack to which slots were being added when the process died, as it was read.
package struct UnendedPack: Sendable {
    let pack: PackFile
    /// In bytes.
    package let length: Int64
    /// What it holds up to the last bytes that are no hole, with zeros in place of pages that cannot be read.
    package let bytes: [UInt8]
    /// Whether there are no such pages.
    package let isComplete: Bool
    /// The slots whose headers are right, in their order.
    package let slots: [PackSlotHeader]

    package var id: PackID { self.pack.id }

    /// Whether all of a slot's body reached the disk: the last group's may not have.
    package func isWhole(_ header: PackSlotHeader) -> Bool {
        let start = Int(header.slot.bodyOffset)
        guard start + header.slot.bodyLength <= self.bytes.count else { return false }
        return SHA256.hash(Array(self.bytes[start..<start + header.slot.bodyLength])) == header.seal.sha256
    }

    /// Where the last slot ends whose body is whole.
    package var endOfWholeSlots: Int {
        let ends = self.slots.filter { self.isWhole($0) }.map { Int($0.slot.offset) + $0.slot.length }
        return ends.max() ?? PackFile.headerLength
    }

    /// Where the last group begins: everything before had been flushed.
    ///
    /// The beginning of the slots where none says so.
    package var startOfLastGroup: Int64 {
        self.slots.compactMap(\.groupOffset).max() ?? Int64(PackFile.headerLength)
    }

    /// Whether a slot had been flushed, and was not just being written.
    package func wasFlushed(_ header: PackSlotHeader) -> Bool {
        header.groupOffset != nil && header.slot.offset < self.startOfLastGroup
    }

    /// Where pages begin that had been flushed, hold something, and are of no slot with a header that is right.
    package var strayPages: [Int64] {
        let page = PackSlotHeader.alignment
        var (pages, position) = ([Int64](), PackFile.headerLength)
        var slots = self.slots[...]
        while position < Int(self.startOfLastGroup) {
            if let header = slots.first, Int(header.slot.offset) == position {
                position += header.slot.length
                slots = slots.dropFirst()
                continue
            }
            let bytes = self.bytes[min(position, self.bytes.count)..<min(position + page, self.bytes.count)]
            if !bytes.isZero { pages.append(Int64(position)) }
            position += page
        }
        return pages
    }
}
