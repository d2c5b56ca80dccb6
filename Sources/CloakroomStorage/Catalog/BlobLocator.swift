/// The place of a ready file's bytes: 1 to 64 bytes that only the engine of the bytes writes and reads.
///
/// A row has none if the file's id is enough to find them.
struct BlobLocator: Hashable, Sendable {
    /// In bytes.
    static let lengths = 1...64

    let bytes: [UInt8]

    init?(_ bytes: [UInt8]) {
        guard Self.lengths.contains(bytes.count) else { return nil }
        self.bytes = bytes
    }

    /// Makes a locator of so many bytes as it may have.
    init(ofRightLength bytes: [UInt8]) {
        self.bytes = bytes
    }
}
