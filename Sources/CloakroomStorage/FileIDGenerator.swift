import CloakroomCrypto
import CloakroomDomain
import Synchronization

import Glibc

/// Makes file ids that increase with time within this process, also when the clock stands or steps back
/// (RFC 9562 §6.2, method 1).
final class FileIDGenerator: Sendable {
    private let last = Mutex<(milliseconds: UInt64, sequence: UInt16)>((0, 0))

    func next() throws(StorageError) -> FileID {
        do {
            let random = try RandomBytes.generate(count: 8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            let (milliseconds, sequence) = self.advance(to: Self.currentMilliseconds())
            return FileID(milliseconds: milliseconds, sequence: sequence, random: random)
        } catch {
            throw .failed("no random bytes: \(error)")
        }
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

    private static func currentMilliseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(time.tv_sec) * 1_000 + UInt64(time.tv_nsec) / 1_000_000
    }
}
