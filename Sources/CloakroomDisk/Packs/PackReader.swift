import CloakroomCrypto
import CloakroomDomain
package import CloakroomStore
package import CloakroomSystem

/// A pack that is looked at and not changed, opened anew.
package struct PackReader: Sendable {
    /// How many bytes of a pack its own header may take.
    private static let headLength = 64

    package let id: PackID
    package let file: OpenFile
    /// In bytes.
    package let length: Int64
    /// The pack's secret; `nil` where its own header is damaged: then no slot's can be told right from wrong.
    package let secret: [UInt8]?

    /// Opens a pack, whatever is in it.
    package init(_ id: PackID, in tree: BlobTree) throws(SystemCallError) {
        let file = try tree.open(id)
        let length = try file.descriptor.status().size
        let head = try file.descriptor.read(count: Self.headLength, at: 0)
        self.id = id
        self.file = file
        self.length = length
        self.secret = PackFile.secret(in: head)
    }

    /// Reads the header of a slot; `nil` where there is none that is right.
    package func header(at offset: Int64) throws(SystemCallError) -> PackSlotHeader? {
        guard let secret else { return nil }
        let bytes = try self.file.descriptor.read(count: PackSlotHeader.length, at: offset)
        return PackSlotHeader(bytes[...], in: self.id, secret: secret, at: offset)
    }

    /// Whether a file's slot begins with a header that says what its row says, as far as that can be told.
    package func hasHeader(of file: SealedFile, at slot: PackSlot) throws(SystemCallError) -> Bool {
        guard self.secret != nil else {
            let bytes = try self.file.descriptor.read(count: PackSlotHeader.length, at: slot.offset)
            return bytes.count == PackSlotHeader.length && PackSlotHeader.looksLike(bytes, of: file.id)
        }
        guard let header = try self.header(at: slot.offset) else { return false }
        return header.id == file.id && header.slot == slot && header.seal.sha256 == file.seal.sha256
    }
}

extension PackSlot {
    /// Far beyond the end of any pack, in bytes.
    private static let farAway: Int64 = 1 << 40

    /// Whether there can be a slot such as a row says: one that is damaged may say anything.
    package var isPossible: Bool {
        self.pack != .impossible && self.offset.isMultiple(of: Int64(PackSlotHeader.alignment))
            && (Int64(PackFile.headerLength)..<Self.farAway).contains(self.offset)
            && (1...PackStore.maximumBodyLength).contains(self.bodyLength)
    }
}
