package import NIOCore

/// A ready file's bytes, open for reading: they stay readable when the file is deleted meanwhile.
///
/// Shared by everyone who reads them at a time.
package protocol OpenBlob: AnyObject, Sendable {
    /// What the row says.
    var placement: Placement { get }
    /// The part of a file that the bytes are, if the kernel can send them from there (`sendfile`).
    var fileRange: FileRange? { get }
    /// Whether the bytes are few and have not been verified since they were opened: they must not be sent yet.
    var needsLoading: Bool { get }

    /// Verifies few bytes that have just been opened, if all of them are in memory.
    ///
    /// - Parameter isKnown: Whether they were verified before: then what is in memory is what was verified.
    /// - Returns: Whether all of them are in memory.
    /// - Throws: ``StorageError/damaged(_:)``.
    func verifyCached(isKnown: Bool) throws(StorageError) -> Bool
    /// Reads few bytes as a whole and verifies them.
    ///
    /// - Throws: ``StorageError/damaged(_:)``, or what failed.
    func load() async throws(StorageError)
    /// Calls a function with a part of the bytes, if they are kept in memory.
    ///
    /// - Parameters:
    ///   - range: Offsets within the blob.
    ///   - body: Reads the bytes, which are valid during the call only.
    /// - Returns: Whether it was called.
    func withKeptBytes(_ range: Range<Int64>, _ body: (UnsafeRawBufferPointer) -> Void) -> Bool
    /// Copies what is in memory already, without waiting.
    ///
    /// - Parameters:
    ///   - buffer: Receives the bytes.
    ///   - offset: The first byte's offset.
    /// - Returns: How many bytes were copied; `nil` where they would have to be waited for.
    /// - Throws: ``StorageError``.
    func readCached(into buffer: UnsafeMutableRawBufferPointer, offset: Int64) throws(StorageError) -> Int?
    /// Whether a range of at least one byte is taken to be in memory.
    func isCached(_ range: Range<Int64>) -> Bool
    /// Reads a part, and waits for it where needed.
    ///
    /// - Parameter range: Offsets within the blob.
    /// - Returns: The bytes of the whole range; of a small blob verified ones.
    /// - Throws: ``StorageError``, also where there are fewer bytes than there were.
    func bytes(_ range: Range<Int64>) async throws(StorageError) -> ByteBuffer
}

/// A part of a file that is open.
package struct FileRange: Hashable, Sendable {
    /// The descriptor, open as long as the blob lives; it is nobody's to close.
    package let descriptor: Int32
    /// Where the blob begins in the file, in bytes.
    package let offset: Int64
    /// Whether the bytes must be copied when they are sent.
    ///
    /// The kernel takes a packed blob's out of the pages of the file once it is deleted: what `sendfile` has put into a socket's
    /// buffer, and what is sent again, would turn into zeros.
    package let mustBeCopied: Bool

    package init(descriptor: Int32, offset: Int64, mustBeCopied: Bool) {
        self.descriptor = descriptor
        self.offset = offset
        self.mustBeCopied = mustBeCopied
    }
}
