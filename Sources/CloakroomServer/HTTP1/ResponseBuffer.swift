/// Assembles the responses of an event loop, one at a time, before they go to the socket.
///
/// It keeps its memory from response to response. A `ByteBuffer` would be shared with the channel, and so allocated anew
/// for each.
final class ResponseBuffer {
    private var storage: UnsafeMutableRawBufferPointer
    private(set) var count = 0
    /// How many bytes the response head has, once it has been ended.
    private(set) var headLength = 0

    init(capacity: Int = 8_192) {
        self.storage = .allocate(byteCount: capacity, alignment: 16)
    }

    deinit {
        self.storage.deallocate()
    }

    func clear() {
        self.count = 0
        self.headLength = 0
    }

    /// Forgets the last bytes.
    func removeLast(_ count: Int) { self.count -= count }

    /// The bytes that have been written, valid until the next write.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: self.storage[..<self.count]) }

    private func makeRoom(for length: Int) {
        guard self.storage.count - self.count < length else { return }
        let larger = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(2 * self.storage.count, self.count + length), alignment: 16)
        larger.copyMemory(from: self.bytes)
        self.storage.deallocate()
        self.storage = larger
    }

    // MARK: Writing

    /// Writes up to so many bytes through a function that returns how many it wrote.
    func write(atMost length: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int) {
        self.makeRoom(for: length)
        // There is room for `length` bytes from `count` on.
        self.count += body(UnsafeMutableRawBufferPointer(rebasing: self.storage[self.count..<(self.count + length)]))
    }

    func write(_ bytes: UnsafeRawBufferPointer) {
        self.write(atMost: bytes.count) { room in
            room.copyMemory(from: bytes)
            return bytes.count
        }
    }

    func write(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { self.write($0) }
    }

    func write(_ text: String) {
        var text = text
        text.withUTF8 { self.write(UnsafeRawBufferPointer($0)) }
    }

    func write(literal text: StaticString) {
        // A literal's UTF-8 is `utf8CodeUnitCount` bytes of static storage.
        self.write(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Writes a number that is not negative in decimal digits.
    func write(decimal value: Int) {
        self.write(atMost: 20) { room in
            // The largest number has 19 digits; they are written from the last on, then moved to the front.
            var position = room.count
            var rest = value.magnitude
            repeat {
                position -= 1
                room[position] = UInt8(truncatingIfNeeded: rest % 10) + UInt8(ascii: "0")
                rest /= 10
            } while rest > 0
            let digits = UnsafeRawBufferPointer(rebasing: room[position...])
            room.copyMemory(from: digits)
            return digits.count
        }
    }

    // MARK: Fields

    func writeField(_ name: StaticString, _ value: String) {
        self.write(literal: name)
        self.write(literal: ": ")
        self.write(value)
        self.write(literal: "\r\n")
    }

    func writeField(_ name: StaticString, _ value: Int) {
        self.write(literal: name)
        self.write(literal: ": ")
        self.write(decimal: value)
        self.write(literal: "\r\n")
    }

    func endHead(keepsAlive: Bool) {
        self.write(literal: keepsAlive ? "\r\n" : "Connection: close\r\n\r\n")
        self.headLength = self.count
    }
}
