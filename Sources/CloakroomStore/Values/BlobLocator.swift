/// The place of a ready file's bytes: 1 to 64 bytes that only the engine of the bytes writes and reads.
///
/// A row has none if the file's id is enough to find them.
package struct BlobLocator: Hashable, Sendable {
    /// In bytes.
    private static let lengths = 1...64

    /// As the engine wrote them.
    package let bytes: [UInt8]

    package init?(_ bytes: [UInt8]) {
        guard Self.lengths.contains(bytes.count) else { return nil }
        self.bytes = bytes
    }

    /// Makes a locator of so many bytes as it may have.
    package init(ofRightLength bytes: [UInt8]) {
        self.bytes = bytes
    }
}
