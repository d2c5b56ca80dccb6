import CloakroomDomain
import CloakroomSystem
import NIOCore

/// A small body on its way into a pack.
struct SmallBody: Sendable {
    let id: FileID
    let seal: FileRecord.Seal
    /// Whether its row is there already.
    let origin: PackSlotHeader.Origin
    /// At most ``PackStore/maximumBodyLength`` bytes.
    let bytes: ByteBuffer

    /// How many bytes of a pack it takes.
    var slotLength: Int { PackSlotHeader.slotLength(bodyLength: self.bytes.readableBytes) }
}

/// The pack to which slots are being added; used by one thread.
struct ActivePack {
    /// A group of up to so many bytes is followed by zeros.
    ///
    /// A flush of what is overwritten then writes no metadata, and takes a third of the time. A longer one would write
    /// more zeros than that is worth.
    private static let shortGroup = 128 * 1_024
    private static let writtenAhead = 1_024 * 1_024
    /// Appended as an array, whose bytes are copied at once; repeated ones are appended one by one in a debug build.
    private static let zeros = [UInt8](repeating: 0, count: writtenAhead)

    let file: PackFile
    private let secret: [UInt8]
    /// No slot reaches the full length, by which start-up knows a pack that was not ended.
    private let limit: Int64
    /// Where the next slot begins, in bytes.
    private(set) var used = Int64(PackFile.headerLength)
    /// Up to where the pack has been written, with zeros beyond what is used.
    private var written = Int64(PackFile.headerLength)

    /// - Parameters:
    ///   - file: A pack without slots.
    ///   - secret: Its secret.
    ///   - length: Its full length in bytes.
    init(_ file: PackFile, secret: [UInt8], length: Int64) {
        self.file = file
        self.secret = secret
        self.limit = length - Int64(PackSlotHeader.alignment)
    }

    /// How many bodies from the first on there is room for.
    func countOfFitting(_ bodies: some Sequence<SmallBody>) -> Int {
        var end = self.used
        return bodies.prefix { body in
            end += Int64(body.slotLength)
            return end <= self.limit
        }.count
    }

    /// Adds bodies, which fit; on return they are durable.
    ///
    /// - Parameter bodies: In their order.
    /// - Returns: Their slots.
    /// - Throws: The call that failed; nothing counts as added.
    mutating func add(_ bodies: [SmallBody]) throws(SystemCallError) -> [PackSlot] {
        var (slots, bytes) = self.encode(bodies)
        let end = self.used + Int64(bytes.count)
        let isNew = end > self.written
        if isNew, bytes.count <= Self.shortGroup {
            bytes += Self.zeros.prefix(Int(self.limit - end))
        }
        try self.file.write(bytes, at: self.used)
        try self.file.synchronizeData()
        if isNew { self.written = self.used + Int64(bytes.count) }
        self.used = end
        return slots
    }

    private func encode(_ bodies: [SmallBody]) -> (slots: [PackSlot], bytes: [UInt8]) {
        var (slots, bytes): ([PackSlot], [UInt8]) = ([], [])
        bytes.reserveCapacity(bodies.reduce(0) { $0 + $1.slotLength })
        for body in bodies {
            let slot = PackSlot(
                pack: self.file.id, offset: self.used + Int64(bytes.count), bodyLength: body.bytes.readableBytes)
            let end = bytes.count + slot.length
            PackSlotHeader(
                slot: slot, id: body.id, seal: body.seal, origin: body.origin, groupOffset: self.used
            ).append(to: &bytes, secret: self.secret)
            body.bytes.withUnsafeReadableBytes { bytes.append(contentsOf: $0) }
            bytes += Self.zeros.prefix(end - bytes.count)
            slots.append(slot)
        }
        return (slots, bytes)
    }

    /// Frees durably everything beyond what is used: what a failed ``add(_:)`` may have written in part.
    ///
    /// - Throws: The call that failed.
    mutating func freeUnused() throws(SystemCallError) {
        self.written = self.used
        try self.file.free(self.used, self.limit - self.used)
        try self.file.synchronize()
    }
}
