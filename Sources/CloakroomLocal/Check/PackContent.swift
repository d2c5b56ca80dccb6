import CloakroomDisk
import CloakroomSystem

/// What a pack holds, by the headers of its slots alone: bodies are not read.
struct PackContent {
    /// Slots whose headers are right, in their order.
    private(set) var slots: [PackSlotHeader] = []
    /// Where pages begin that hold something and are of no such slot.
    private(set) var otherPages: [Int64] = []

    /// Looks through a pack whose own header is right.
    init(_ pack: PackReader) throws(SystemCallError) {
        let page = Int64(PackSlotHeader.alignment)
        var position = Int64(PackFile.headerLength)
        while position < pack.length, let data = try pack.file.nextData(from: position) {
            // What was freed is a hole; its end need not be a page's.
            position = max(position, data / page * page)
            if let header = try pack.header(at: position) {
                self.slots.append(header)
                position += Int64(header.slot.length)
                continue
            }
            let bytes = try pack.file.descriptor.read(count: Int(page), at: position)
            if !bytes.isZero { self.otherPages.append(position) }
            position += page
        }
    }

    /// Joins pages, in their order, that lie next to one another, to parts as long as a slot of such a body would be.
    static func parts(of pages: [Int64], in pack: PackID) -> [PackSlot] {
        let page = Int64(PackSlotHeader.alignment)
        var parts: [(start: Int64, end: Int64)] = []
        for start in pages {
            if let last = parts.last, last.end == start {
                parts[parts.count - 1].end = start + page
            } else {
                parts.append((start, start + page))
            }
        }
        return parts.map {
            PackSlot(pack: pack, offset: $0.start, bodyLength: Int($0.end - $0.start) - PackSlotHeader.length)
        }
    }
}
