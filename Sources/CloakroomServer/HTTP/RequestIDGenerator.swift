import CloakroomCrypto
import Synchronization

/// Ids by which a client and the log mean the same request: 16 hexadecimal digits, of a random start and a count.
final class RequestIDGenerator: Sendable {
    private let count: Atomic<UInt64>

    init() {
        var generator = SystemRandomNumberGenerator()
        self.count = Atomic(generator.next())
    }

    func next() -> String {
        // An odd multiplier permutes the numbers, so that neighbours do not look alike.
        let value = self.count.wrappingAdd(1, ordering: .relaxed).newValue &* 0x9E37_79B9_7F4A_7C15
        return withUnsafeBytes(of: value.bigEndian) { Hexadecimal.encode($0.bytes) }
    }
}
