import CloakroomDomain
package import CloakroomStore
package import CloakroomSystem

/// Where a small body lies: in which pack, and at which offset its slot begins.
package struct PackSlot: Hashable, Sendable {
    package let pack: PackID
    /// A multiple of ``PackSlotHeader/alignment``, in bytes.
    package let offset: Int64
    /// The body's length in bytes.
    package let bodyLength: Int

    package init(pack: PackID, offset: Int64, bodyLength: Int) {
        self.pack = pack
        self.offset = offset
        self.bodyLength = bodyLength
    }

    /// Where the body begins, in bytes from the start of the pack.
    package var bodyOffset: Int64 { self.offset + Int64(PackSlotHeader.length) }

    /// How many bytes of the pack are the slot's.
    package var length: Int { PackSlotHeader.slotLength(bodyLength: self.bodyLength) }
}

/// A pack's number: the time, then chance, so that packs are in the order of their making, and a number is not used
/// again: what is told of a pack that is gone can hit no other.
package struct PackID: Hashable, Comparable, Sendable {
    /// From 1 on.
    package let number: Int64

    package init?(number: Int64) {
        guard number > 0 else { return nil }
        self.number = number
    }

    /// How many of its bits are chance.
    private static let randomBits = 20

    /// Draws a number that is larger than another.
    package static func next(after previous: PackID?, on system: any OperatingSystem) throws(StorageError) -> PackID {
        let random = try system.randomBytes(count: 4).reduce(Int64(0)) { $0 << 8 | Int64($1) }
        let drawn = system.milliseconds << Self.randomBits | random & (1 << Self.randomBits - 1)
        return PackID(unchecked: max(drawn, (previous?.number ?? 0) + 1))
    }

    /// How much a clock may have been set back, in milliseconds.
    private static let clockTolerance: Int64 = 86_400_000

    /// The lowest number of a pack that was made since a moment, in seconds of the Unix epoch; `nil` for the beginning.
    package static func earliest(since seconds: Int64?) -> Int64 {
        guard let seconds else { return 0 }
        return max(0, seconds * 1_000 - self.clockTolerance) << self.randomBits
    }

    /// No pack's.
    package static let impossible = PackID(unchecked: 0)

    private init(unchecked number: Int64) {
        self.number = number
    }

    package static func < (left: Self, right: Self) -> Bool { left.number < right.number }

    /// The file's name: 16 hexadecimal digits.
    package var fileName: String {
        let digits = String(self.number, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }

    package init?(fileName: String) {
        guard fileName.utf8.count == 16, let number = Int64(fileName, radix: 16), let id = PackID(number: number),
            id.fileName == fileName
        else { return nil }
        self = id
    }
}
