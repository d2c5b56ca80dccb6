import Glibc

extension UnsafeRawBufferPointer {
    /// Whether there is no byte but zeros.
    package var isZero: Bool {
        guard let start = self.baseAddress, let first = self.first else { return true }
        // All bytes are the first one if each is the one before it; both ranges lie within the buffer.
        return first == 0 && memcmp(start, start + 1, self.count - 1) == 0
    }
}

extension Array<UInt8> {
    /// Whether there is no byte but zeros.
    package var isZero: Bool { self.withUnsafeBytes(\.isZero) }
}

extension ArraySlice<UInt8> {
    /// Whether there is no byte but zeros.
    package var isZero: Bool { self.withUnsafeBytes(\.isZero) }
}
