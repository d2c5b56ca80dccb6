/// A file's bytes, durable with their engine and not yet referred to by a row.
///
/// As long as one of these lives, the engine takes it that the row is not committed.
package struct StoredBody: Sendable {
    /// Where they are; `nil` if the file's id alone says so.
    package let locator: BlobLocator?
    /// What the row's commit has to survive.
    package let durability: Durability
    /// Lets the engine know, when it goes, that the row is committed or will not be.
    private let hold: (any AnyObject & Sendable)?

    package init(locator: BlobLocator?, durability: Durability, hold: (any AnyObject & Sendable)? = nil) {
        self.locator = locator
        self.durability = durability
        self.hold = hold
    }
}
