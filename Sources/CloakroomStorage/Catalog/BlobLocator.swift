/// Where the bytes of a ready file are, in the words of whoever keeps them: 1 to 64 bytes that nobody else reads.
///
/// A row has none where its file's id alone says where the bytes are.
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
