import CloakroomCrypto
package import CloakroomDomain

/// What stands before a body in a pack, so that a pack can be read without the catalogue.
///
/// | offset | bytes | |
/// |--:|--:|---|
/// | 0 | 8 | `CLKSLOT2` |
/// | 8 | 8 | the pack's number, as every number with its low byte first |
/// | 16 | 8 | the slot's offset in the pack |
/// | 24 | 8 | the body's length |
/// | 32 | 16 | the file's UUID |
/// | 48 | 32 | the body's SHA-256 |
/// | 80 | 8 | when it was sealed, in seconds of the Unix epoch |
/// | 88 | 4 | 1 for a file that had been declared before, 2 for one whose row comes after its body |
/// | 92 | 4 | where the group begins with which it was flushed, in pages of the pack |
/// | 96 | 32 | the SHA-256 of the pack's secret and the 96 bytes before |
///
/// A slot that is copied elsewhere is no slot there, and nobody who sends a body can put a slot into it: the secret is
/// the pack's own. Earlier versions wrote `CLKSLOT1`, with the digest at 88 and nothing of the origin and the group.
package struct PackSlotHeader: Hashable, Sendable {
    /// Which comes first, a file's row or its body.
    package enum Origin: Int64, Hashable, Sendable {
        /// The row: without one, it has been lost.
        case declared = 1
        /// The body, of an upload in one request: without a row, that has not been completed.
        case direct = 2
    }

    /// The header's length in bytes; the body follows.
    package static let length = 128
    /// Slots begin at multiples of this many bytes, so that a deleted one can be returned to the file system.
    package static let alignment = 4_096
    private static let magic = Array("CLKSLOT2".utf8)
    private static let checkedLength = 96
    private static let earlierMagic = Array("CLKSLOT1".utf8)
    private static let earlierCheckedLength = 88

    package let slot: PackSlot
    package let id: FileID
    package let seal: FileRecord.Seal
    /// `nil` for a slot of an earlier version, which does not say.
    package let origin: Origin?
    /// The offset of the group's first slot in bytes; `nil` for a slot of an earlier version.
    package let groupOffset: Int64?

    /// How many bytes of a pack a body takes.
    package static func slotLength(bodyLength: Int) -> Int {
        (self.length + bodyLength + self.alignment - 1) / self.alignment * self.alignment
    }

    package init(slot: PackSlot, id: FileID, seal: FileRecord.Seal, origin: Origin?, groupOffset: Int64?) {
        self.slot = slot
        self.id = id
        self.seal = seal
        self.origin = origin
        self.groupOffset = groupOffset
    }

    /// Whether some bytes begin as the header of a file's slot does.
    package static func looksLike(_ bytes: [UInt8], of id: FileID) -> Bool {
        (bytes.starts(with: self.magic) || bytes.starts(with: self.earlierMagic))
            && bytes.dropFirst(32).starts(with: id.bytes)
    }

    /// Reads the header with which some bytes begin; `nil` where there is none that is right here.
    package init?(_ bytes: ArraySlice<UInt8>, in pack: PackID, secret: [UInt8], at offset: Int64) {
        guard bytes.count >= Self.length else { return nil }
        let isEarlier = bytes.starts(with: Self.earlierMagic)
        guard isEarlier || bytes.starts(with: Self.magic) else { return nil }
        let checked = Array(bytes.prefix(isEarlier ? Self.earlierCheckedLength : Self.checkedLength))
        guard
            Self.check(checked[...], secret: secret).bytes[...] == bytes.dropFirst(checked.count).prefix(32),
            Self.number(checked[8..<16]) == pack.number, Self.number(checked[16..<24]) == offset,
            case let length = Self.number(checked[24..<32]), (1...Int64(PackStore.maximumBodyLength)).contains(length),
            let id = FileID(bytes: checked[32..<48]), let digest = SHA256Digest(bytes: checked[48..<80])
        else { return nil }
        let time = Timestamp(secondsSinceEpoch: Self.number(checked[80..<88]))
        self.init(
            slot: PackSlot(pack: pack, offset: offset, bodyLength: Int(length)), id: id,
            seal: .init(sha256: digest, uploadedAt: time),
            origin: isEarlier ? nil : Origin(rawValue: Self.number(checked[88..<92])),
            groupOffset: isEarlier ? nil : Self.number(checked[92..<96]) * Int64(Self.alignment))
    }

    /// Appends the header to a pack's next bytes.
    package func append(to output: inout [UInt8], secret: [UInt8]) {
        let start = output.count
        output.append(contentsOf: Self.magic)
        Self.append(self.slot.pack.number, to: &output)
        Self.append(self.slot.offset, to: &output)
        Self.append(Int64(self.slot.bodyLength), to: &output)
        output.append(contentsOf: self.id.bytes)
        output.append(contentsOf: self.seal.sha256.bytes)
        Self.append(self.seal.uploadedAt.secondsSinceEpoch, to: &output)
        // Both are written by this version alone, which knows them.
        let group = (self.groupOffset ?? self.slot.offset) / Int64(Self.alignment)
        Self.append((self.origin ?? .declared).rawValue | group << 32, to: &output)
        output.append(contentsOf: Self.check(output[start...], secret: secret).bytes)
        output.append(contentsOf: repeatElement(0, count: start + Self.length - output.count))
    }

    private static func check(_ bytes: ArraySlice<UInt8>, secret: [UInt8]) -> SHA256Digest {
        SHA256.hash(secret + bytes)
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> Int64 {
        Int64(bitPattern: bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) })
    }

    private static func append(_ number: Int64, to output: inout [UInt8]) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            output.append(UInt8(truncatingIfNeeded: UInt64(bitPattern: number) >> shift))
        }
    }
}
