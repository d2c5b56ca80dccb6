package import CloakroomDomain
import Synchronization

/// Makes file ids that increase with time within this process, also when the clock stands or steps back
/// (RFC 9562 §6.2, method 1).
package final class FileIDGenerator: Sendable {
    private let last = Mutex<(milliseconds: UInt64, sequence: UInt16)>((0, 0))
    private let clock: any WallClock
    private let entropy: any EntropySource

    package init(clock: any WallClock, entropy: any EntropySource) {
        self.clock = clock
        self.entropy = entropy
    }

    func next() throws(StorageError) -> FileID {
        let random = try self.entropy.randomBytes(count: 8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let (milliseconds, sequence) = self.advance(to: UInt64(max(0, self.clock.milliseconds)))
        return FileID(milliseconds: milliseconds, sequence: sequence, random: random)
    }

    private func advance(to now: UInt64) -> (UInt64, UInt16) {
        self.last.withLock { last in
            if now > last.milliseconds {
                last = (now, 0)
            } else if last.sequence < 0xFFF {
                last.sequence += 1
            } else {
                last = (last.milliseconds + 1, 0)
            }
            return last
        }
    }
}
