import Synchronization

/// Memory from which the disk can be written to directly (`O_DIRECT`), filled from the front.
///
/// `@unchecked Sendable`: the pool lends it to one upload at a time, under its lock, and that upload touches it only
/// while it holds its own. The compiler cannot follow memory that is handed on like this.
final class AlignedBuffer: @unchecked Sendable {
    /// Addresses, lengths and offsets of a direct write are multiples of this: the page size, which is one of every
    /// disk's block size.
    static let alignment = 4_096
    /// Its length in bytes.
    static let capacity = 256 * 1_024

    private let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: alignment)
    private(set) var count = 0

    deinit {
        self.memory.deallocate()
    }

    var isFull: Bool { self.count == Self.capacity }

    /// The bytes, valid until the next change.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: self.memory[..<self.count]) }

    /// Copies as many bytes as there is room for, and returns their number.
    func fill(from bytes: UnsafeRawBufferPointer) -> Int {
        let count = min(bytes.count, Self.capacity - self.count)
        guard count > 0 else { return 0 }
        // There is room for `count` bytes from `self.count` on.
        UnsafeMutableRawBufferPointer(rebasing: self.memory[self.count...]).copyMemory(
            from: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
        self.count += count
        return count
    }

    func clear() { self.count = 0 }
}

/// Aligned buffers that wait for the next upload: new memory costs a page fault for every page.
final class AlignedBufferPool: Sendable {
    /// The most that are kept.
    private static let limit = 16
    private let free = Mutex<[AlignedBuffer]>([])

    func borrow() -> AlignedBuffer {
        self.free.withLock { $0.popLast() } ?? AlignedBuffer()
    }

    func release(_ buffer: AlignedBuffer) {
        buffer.clear()
        self.free.withLock { if $0.count < Self.limit { $0.append(buffer) } }
    }
}
