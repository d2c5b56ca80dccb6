import CloakroomDomain
import Synchronization

/// Makes file ids that increase with time within this process, also when the clock stands or steps back
/// (RFC 9562 §6.2, method 1).
final class FileIDGenerator: Sendable {
    private let last = Mutex<(milliseconds: UInt64, sequence: UInt16)>((0, 0))
    private let system: any OperatingSystem

    /// - Parameter system: Tells the time, and throws the dice.
    init(system: any OperatingSystem) {
        self.system = system
    }

    func next() throws(StorageError) -> FileID {
        let random = try self.system.randomBytes(count: 8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let (milliseconds, sequence) = self.advance(to: UInt64(max(0, self.system.milliseconds)))
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
