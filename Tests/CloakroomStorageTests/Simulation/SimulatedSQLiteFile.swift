import CSQLite
import Glibc
import Synchronization

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

/// A file that SQLite has open.
final class SimulatedSQLiteFile {
    private let descriptor: FileDescriptor
    private let machine: SimulatedMachine
    private let path: String
    private var flushesDirectory: Bool

    init(
        _ descriptor: consuming FileDescriptor, machine: SimulatedMachine, path: String, flushesDirectory: Bool
    ) {
        self.descriptor = descriptor
        self.machine = machine
        self.path = path
        self.flushesDirectory = flushesDirectory
    }

    private var me: ObjectIdentifier { ObjectIdentifier(self) }

    private func change<Value: Sendable>(_ body: (inout SimulatedSQLiteState.Database) -> sending Value) -> Value {
        self.machine.sqlite.databases.withLock { body(&$0[self.path, default: .init()]) }
    }

    func close() {
        let me = self.me
        self.change { database in
            database.shared.remove(me)
            if database.reserved == me { database.reserved = nil }
            if database.exclusive == me { database.exclusive = nil }
        }
        self.unmap()
    }

    // MARK: Content

    func read(_ buffer: UnsafeMutableRawPointer?, _ count: Int, _ offset: Int64) -> Int32 {
        do throws(SystemCallError) {
            let room = UnsafeMutableRawBufferPointer(start: buffer, count: count)
            let done = try self.descriptor.read(into: room, at: offset)
            guard done < count else { return SQLITE_OK }
            for index in done..<count { room[index] = 0 }
            return SQLITE_IOERR | (2 << 8)  // SHORT_READ
        } catch {
            return SQLITE_IOERR | (1 << 8)  // READ
        }
    }

    func write(_ bytes: UnsafeRawPointer?, _ count: Int, _ offset: Int64) -> Int32 {
        do throws(SystemCallError) {
            try self.descriptor.writeAll(UnsafeRawBufferPointer(start: bytes, count: count), at: offset)
            return SQLITE_OK
        } catch {
            return error.code == ENOSPC ? SQLITE_FULL : SQLITE_IOERR | (3 << 8)  // WRITE
        }
    }

    func truncate(_ length: Int64) -> Int32 {
        do throws(SystemCallError) {
            try retryingInterrupted { () throws(SystemCallError) in
                try self.machine.truncate(self.descriptor.rawValue, to: length)
            }
            return SQLITE_OK
        } catch {
            return SQLITE_IOERR | (6 << 8)  // TRUNCATE
        }
    }

    func synchronize() -> Int32 {
        do throws(SystemCallError) {
            try self.descriptor.synchronize()
        } catch {
            return SQLITE_IOERR | (4 << 8)  // FSYNC
        }
        guard self.flushesDirectory else { return SQLITE_OK }
        self.flushesDirectory = false
        do throws(SystemCallError) {
            try SimulatedSQLite.flushDirectory(of: self.path, self.machine)
            return SQLITE_OK
        } catch {
            // SQLite's own file system for Unix says only that it cannot open the directory.
            return error.call == .fsync ? SQLITE_IOERR | (5 << 8) : SQLITE_OK  // DIR_FSYNC
        }
    }

    func size() -> Int64? { (try? self.descriptor.status())?.size }

    // MARK: Locks of the database

    var isReserved: Bool { self.change { $0.reserved != nil } }

    func lock(_ level: Int32) -> Int32 {
        let me = self.me
        return self.change { database in
            if let holder = database.exclusive, holder != me { return SQLITE_BUSY }
            if level == SQLITE_LOCK_SHARED { database.shared.insert(me) }
            if level >= SQLITE_LOCK_RESERVED {
                if let holder = database.reserved, holder != me { return SQLITE_BUSY }
                database.reserved = me
            }
            if level == SQLITE_LOCK_EXCLUSIVE {
                guard database.shared.subtracting([me]).isEmpty else { return SQLITE_BUSY }
                database.exclusive = me
            }
            return SQLITE_OK
        }
    }

    func unlock(_ level: Int32) -> Int32 {
        let me = self.me
        return self.change { database in
            if database.exclusive == me { database.exclusive = nil }
            if database.reserved == me { database.reserved = nil }
            if level == SQLITE_LOCK_NONE { database.shared.remove(me) }
            return SQLITE_OK
        }
    }

    // MARK: The log's index

    func region(_ index: Int, _ size: Int) -> UnsafeMutableRawPointer {
        let me = self.me
        let region = self.change { database in
            database.users.insert(me)
            while database.regions.count <= index {
                let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 4_096)
                memory.initializeMemory(as: UInt8.self, repeating: 0, count: size)
                database.regions.append(.init(memory: memory))
            }
            return database.regions[index]
        }
        return region.memory
    }

    func lockIndex(_ range: Range<Int>, _ flags: Int32) -> Int32 {
        let me = self.me
        return self.change { database in
            let isShared = flags & SQLITE_SHM_SHARED != 0
            if flags & SQLITE_SHM_UNLOCK != 0 {
                for slot in range {
                    if isShared { database.indexShared[slot]?.remove(me) }
                    if database.indexExclusive[slot] == me { database.indexExclusive[slot] = nil }
                }
                return SQLITE_OK
            }
            for slot in range {
                if let holder = database.indexExclusive[slot], holder != me { return SQLITE_BUSY }
                let others = database.indexShared[slot, default: []].subtracting([me])
                if !isShared, !others.isEmpty { return SQLITE_BUSY }
            }
            for slot in range {
                if isShared {
                    database.indexShared[slot, default: []].insert(me)
                } else {
                    database.indexExclusive[slot] = me
                }
            }
            return SQLITE_OK
        }
    }

    func unmap() {
        let me = self.me
        self.change { database in
            for slot in database.indexShared.keys { database.indexShared[slot]?.remove(me) }
            database.indexExclusive = database.indexExclusive.filter { $0.value != me }
            guard database.users.remove(me) != nil, database.users.isEmpty else { return }
            for region in database.regions { region.memory.deallocate() }
            database.regions = []
        }
    }
}
