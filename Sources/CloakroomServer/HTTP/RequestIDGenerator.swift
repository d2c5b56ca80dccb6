import CloakroomCrypto
import Synchronization

/// An id by which a client and the log mean the same request.
struct RequestID: Hashable, Sendable, CustomStringConvertible {
    /// The number that the digits write.
    let value: UInt64

    /// 16 hexadecimal digits.
    var description: String {
        withUnsafeBytes(of: self.value.bigEndian) { Hexadecimal.encode($0.bytes) }
    }

    /// Writes the digits into a buffer with room for 16, and returns their number.
    func writeText(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        for index in 0..<16 {
            buffer[index] = Hexadecimal.digit(UInt8(truncatingIfNeeded: self.value >> UInt64(60 - 4 * index)) & 0xF)
        }
        return 16
    }
}

/// Makes request ids of a random start and a count.
final class RequestIDGenerator: Sendable {
    private let count: Atomic<UInt64>

    init() {
        var generator = SystemRandomNumberGenerator()
        self.count = Atomic(generator.next())
    }

    func next() -> RequestID {
        // An odd multiplier permutes the numbers, so that neighbours do not look alike.
        RequestID(value: self.count.wrappingAdd(1, ordering: .relaxed).newValue &* 0x9E37_79B9_7F4A_7C15)
    }
}
