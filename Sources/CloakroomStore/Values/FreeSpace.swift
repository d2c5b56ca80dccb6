/// Room on a file system.
package struct FreeSpace: Hashable, Sendable {
    /// In bytes.
    package let bytes: Int64
    /// In files; `nil` where the file system has no fixed number of them.
    package let files: Int64?
    /// Whether nothing on it may be changed.
    package let isReadOnly: Bool

    package init(bytes: Int64, files: Int64?, isReadOnly: Bool = false) {
        self.bytes = bytes
        self.files = files
        self.isReadOnly = isReadOnly
    }
}
