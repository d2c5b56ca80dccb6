package import CloakroomDomain

/// What a ready row says of its file's bytes, for whoever verifies them.
package struct SealedFile: Hashable, Sendable {
    package let id: FileID
    /// How many bytes there are.
    package let size: ByteCount
    /// Their digest, and when they were sealed.
    package let seal: FileRecord.Seal
    /// Where they are; `nil` if the id alone says so.
    package let locator: BlobLocator?

    package init(id: FileID, size: ByteCount, seal: FileRecord.Seal, locator: BlobLocator?) {
        self.id = id
        self.size = size
        self.seal = seal
        self.locator = locator
    }
}
