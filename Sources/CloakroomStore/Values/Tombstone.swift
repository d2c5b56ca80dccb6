package import CloakroomDomain

/// A deleted file whose bytes may still be there.
package struct Tombstone: Hashable, Sendable {
    package let id: FileID
    /// Where its bytes were; `nil` if the id alone says so.
    package let locator: BlobLocator?

    package init(id: FileID, locator: BlobLocator?) {
        self.id = id
        self.locator = locator
    }
}
