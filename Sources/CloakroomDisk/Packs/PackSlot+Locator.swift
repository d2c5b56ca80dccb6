package import CloakroomStore

/// Slots in rows: 32 hexadecimal digits, of the pack (16), the offset (8) and the body's length (8), so that a pack's slots
/// follow one another and have its file's name as a prefix.
extension PackSlot {
    private static let digits = (pack: 16, offset: 8, bodyLength: 8)

    /// Reads what a row says; a locator that is none of a slot leads to one that is not ``isPossible``.
    package init(_ locator: BlobLocator) {
        var rest = locator.bytes[...]
        let count = Self.digits.pack + Self.digits.offset + Self.digits.bodyLength
        guard rest.count == count, let pack = Self.number(Self.digits.pack, &rest).flatMap({ PackID(number: $0) }),
            let offset = Self.number(Self.digits.offset, &rest),
            let bodyLength = Self.number(Self.digits.bodyLength, &rest)
        else {
            self.init(pack: .impossible, offset: 0, bodyLength: 0)
            return
        }
        self.init(pack: pack, offset: offset, bodyLength: Int(bodyLength))
    }

    private static func number(_ digits: Int, _ rest: inout ArraySlice<UInt8>) -> Int64? {
        var number: UInt64 = 0
        for character in rest.prefix(digits) {
            let digit: UInt8
            switch character {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = character - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = character - UInt8(ascii: "a") + 10
            default: return nil
            }
            number = number << 4 | UInt64(digit)
        }
        rest = rest.dropFirst(digits)
        return Int64(exactly: number)
    }

    /// What a row says of the slot.
    package var locator: BlobLocator {
        BlobLocator(
            ofRightLength: self.pack.locatorPrefix + Self.text(self.offset, Self.digits.offset)
                + Self.text(Int64(self.bodyLength), Self.digits.bodyLength))
    }

    private static func text(_ number: Int64, _ digits: Int) -> [UInt8] {
        (0..<digits).reversed().map { place in
            let digit = UInt8(truncatingIfNeeded: number >> (4 * Int64(place))) & 0xF
            return digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
        }
    }

    /// Whether both have a part in common.
    package func overlaps(_ other: PackSlot) -> Bool {
        self.pack == other.pack && self.offset < other.offset + Int64(other.length)
            && other.offset < self.offset + Int64(self.length)
    }
}

extension PackID {
    /// With what the locators of its slots begin.
    package var locatorPrefix: [UInt8] { Array(self.fileName.utf8) }
}

// MARK: What rows say

extension Placement {
    /// Where the bytes are packed; `nil` for a file of their own.
    package var slot: PackSlot? { self.locator.map { PackSlot($0) } }
}

extension SealedFile {
    /// Where the bytes are packed; `nil` for a file of their own.
    package var slot: PackSlot? { self.locator.map { PackSlot($0) } }
}

extension Tombstone {
    /// Where the bytes were packed, if they were.
    package var slot: PackSlot? { self.locator.map { PackSlot($0) } }
}
