import Glibc
import Synchronization

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

/// Calls on a file that is open.
extension SimulatedMachine {
    // MARK: Content

    func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) throws(SystemCallError) -> Int {
        try self.call(.write, isChange: true) { state, isShort throws(SystemCallError) in
            guard let file = state.open[descriptor] else { throw SystemCallError(.write, code: EBADF) }
            let taken = Self.write(bytes, to: file.number, at: file.position, isShort: isShort, &state)
            state.open[descriptor]?.position += taken
            return taken
        }
    }

    func write(
        _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, at offset: Int64
    ) throws(SystemCallError) -> Int {
        try self.call(.write, isChange: true) { state, isShort throws(SystemCallError) in
            let number = try Self.number(descriptor, .write, state)
            return Self.write(bytes, to: number, at: Int(offset), isShort: isShort, &state)
        }
    }

    /// Writes to a file, and returns how many bytes were taken.
    private static func write(
        _ bytes: UnsafeRawBufferPointer, to number: SimulatedDisk.Number, at offset: Int, isShort: Bool,
        _ state: inout State
    ) -> Int {
        let taken = Array(bytes.prefix(isShort ? 1 : bytes.count))
        state.disk.change(number, .write(offset: offset, bytes: taken))
        return taken.count
    }

    func read(
        into buffer: UnsafeMutableRawBufferPointer, from descriptor: Int32, at offset: Int64
    ) throws(SystemCallError) -> Int {
        try self.call(.read, isChange: false) { state, isShort throws(SystemCallError) in
            let number = try Self.number(descriptor, .read, state)
            let rest = state.disk.files[number]?.seen.bytes.dropFirst(Int(offset)) ?? []
            let part = rest.prefix(isShort ? 1 : buffer.count)
            if let unreadable = state.unreadable[number], unreadable.overlaps(part.indices) {
                throw SystemCallError(.read, code: EIO)
            }
            buffer.copyBytes(from: part)
            return part.count
        }
    }

    func readCached(
        into buffer: UnsafeMutableRawBufferPointer, from descriptor: Int32, at offset: Int64
    ) throws(SystemCallError) -> Int {
        try self.read(into: buffer, from: descriptor, at: offset)
    }

    func synchronize(_ descriptor: Int32) throws(SystemCallError) {
        let number = self.state.withLock { $0.open[descriptor]?.number }
        try self.call(.fsync, isChange: true, flushes: number) { state, _ throws(SystemCallError) in
            state.disk.flush(try Self.number(descriptor, .fsync, state))
        }
    }

    func synchronizeData(_ descriptor: Int32) throws(SystemCallError) { try self.synchronize(descriptor) }

    func truncate(_ descriptor: Int32, to length: Int64) throws(SystemCallError) {
        try self.call(.ftruncate, isChange: true) { state, _ throws(SystemCallError) in
            state.disk.change(try Self.number(descriptor, .ftruncate, state), .resize(Int(length)))
        }
    }

    func allocate(_ descriptor: Int32, length: Int64) throws(SystemCallError) {
        try self.call(.fallocate, isChange: true) { state, _ throws(SystemCallError) in
            let number = try Self.number(descriptor, .fallocate, state)
            guard Int(length) > state.disk.files[number]?.seen.bytes.count ?? 0 else { return }
            state.disk.change(number, .resize(Int(length)))
        }
    }

    func punchHole(in descriptor: Int32, at offset: Int64, length: Int64) throws(SystemCallError) {
        try self.call(.fallocate, isChange: true) { state, _ throws(SystemCallError) in
            let number = try Self.number(descriptor, .fallocate, state)
            state.disk.change(number, .punch(offset: Int(offset), length: Int(length)))
        }
    }

    func nextData(in descriptor: Int32, from offset: Int64) throws(SystemCallError) -> Int64? {
        try self.call(.lseek, isChange: false) { state, _ throws(SystemCallError) in
            let number = try Self.number(descriptor, .lseek, state)
            let page = state.disk.files[number]?.seen.pages.filter { ($0 + 1) * SimulatedDisk.page > Int(offset) }.min()
            return page.map { max(offset, Int64($0 * SimulatedDisk.page)) }
        }
    }

    func dropCache(of descriptor: Int32, at offset: Int64, length: Int64) {}

    func readNothingAhead(of descriptor: Int32) {}

    func clone(_ source: Int32, to descriptor: Int32) throws(SystemCallError) {
        throw SystemCallError(.ioctl, code: EOPNOTSUPP)
    }

    // MARK: The rest of a file

    func status(of descriptor: Int32) throws(SystemCallError) -> FileStatus {
        try self.call(.fstat, isChange: false) { state, _ throws(SystemCallError) in
            let number = try Self.number(descriptor, .fstat, state)
            return FileStatus(
                size: Int64(state.disk.files[number]?.seen.bytes.count ?? 0), modified: state.time * 1_000_000,
                changed: state.time * 1_000_000,
                mode: S_IFREG | 0o600,
                identity: .init(device: 1, number: UInt64(number)), links: state.disk.links(to: number))
        }
    }

    func setFlags(of descriptor: Int32, _ flags: Int32) throws(SystemCallError) {
        try self.call(.fcntl, isChange: false) { _, _ in }
    }

    func setMode(of descriptor: Int32, _ mode: mode_t) throws(SystemCallError) {
        try self.call(.fchmod, isChange: false) { _, _ in }
    }

    func lock(_ descriptor: Int32, _ operation: Int32) throws(SystemCallError) {
        try self.call(.flock, isChange: false) { state, _ throws(SystemCallError) in
            let number = try Self.number(descriptor, .flock, state)
            var lock = state.locks[number] ?? ([], false)
            lock.holders.remove(descriptor)
            if operation & LOCK_UN == 0 {
                let isExclusive = operation & LOCK_EX != 0
                guard lock.holders.isEmpty || !(isExclusive || lock.isExclusive) else {
                    throw SystemCallError(.flock, code: EWOULDBLOCK)
                }
                lock.holders.insert(descriptor)
                lock.isExclusive = isExclusive
            }
            state.locks[number] = lock
        }
    }

    func space(on descriptor: Int32) throws(SystemCallError) -> FreeSpace {
        try self.call(.fstatvfs, isChange: false) { state, _ in FreeSpace(bytes: state.freeBytes, files: 1_000_000) }
    }
}
