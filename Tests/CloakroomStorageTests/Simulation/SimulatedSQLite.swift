import CSQLite
import Glibc
import Synchronization

@testable import CloakroomStorage

/// SQLite's calls on simulated machines: a `sqlite3_vfs` that does what SQLite's own for Unix does.
///
/// Writes and reads are repeated until they are whole, and after an interruption. The first flush of a new log flushes
/// its directory, too (`os_unix.c`, `UNIXFILE_DIRSYNC`). Locks and the log's index are kept in memory: all connections
/// are in this process, and a power cut takes both.
enum SimulatedSQLite {
    static let name = "cloakroom-simulation"

    /// A `sqlite3_file` and what belongs to it, which SQLite allocates.
    private struct Handle {
        var base: sqlite3_file
        var file: Unmanaged<SimulatedSQLiteFile>?
    }

    private static let isRegistered = Mutex(false)

    /// Makes the file system known to SQLite, once.
    static func register() {
        self.isRegistered.withLock { isRegistered in
            guard !isRegistered else { return }
            isRegistered = true
            let vfs = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
            vfs.initialize(to: self.makeFileSystem())
            sqlite3_vfs_register(vfs, 0)
        }
    }

    private static func makeFileSystem() -> sqlite3_vfs {
        var vfs = sqlite3_vfs()
        vfs.iVersion = 2
        vfs.szOsFile = Int32(MemoryLayout<Handle>.stride)
        vfs.mxPathname = 512
        // Lives as long as the process.
        vfs.zName = strdup(self.name).map { UnsafePointer($0) }
        vfs.xOpen = { _, path, file, flags, outFlags in
            SimulatedSQLite.open(path.map { String(cString: $0) }, file, flags, outFlags)
        }
        vfs.xDelete = { _, path, synchronizes in
            SimulatedSQLite.delete(path.map { String(cString: $0) } ?? "", synchronizes: synchronizes != 0)
        }
        vfs.xAccess = { _, path, _, result in
            let path = path.map { String(cString: $0) } ?? ""
            let machine = SimulatedMachine.machine(ofPath: path)
            guard let exists = try? machine?.exists(at: AT_FDCWD, path) else {
                return SQLITE_IOERR | (13 << 8)  // ACCESS
            }
            result?.pointee = exists ? 1 : 0
            return SQLITE_OK
        }
        vfs.xFullPathname = { _, path, count, output in
            guard let path, let output, strlen(path) < Int(count) else { return SQLITE_CANTOPEN }
            strcpy(output, path)
            return SQLITE_OK
        }
        vfs.xRandomness = { _, count, output in
            // SQLite draws the log's salts from it: the same each time would hide a frame of an earlier log.
            if let output { arc4random_buf(output, Int(count)) }
            return count
        }
        vfs.xSleep = { _, microseconds in
            usleep(UInt32(max(0, microseconds)))
            return microseconds
        }
        vfs.xCurrentTimeInt64 = { _, output in
            // Milliseconds of the Julian day; only SQL's date functions ask.
            output?.pointee = 210_866_760_000_000
            return SQLITE_OK
        }
        vfs.xGetLastError = { _, _, _ in 0 }
        return vfs
    }

    private static func open(
        _ path: String?, _ file: UnsafeMutablePointer<sqlite3_file>?, _ flags: Int32,
        _ outFlags: UnsafeMutablePointer<Int32>?
    ) -> Int32 {
        guard let file else { return SQLITE_CANTOPEN }
        file.pointee.pMethods = nil
        // A file without a name is SQLite's own scratch paper; the settings keep that in memory.
        guard let path, let machine = SimulatedMachine.machine(ofPath: path) else { return SQLITE_CANTOPEN }
        let isNew = (try? machine.exists(at: AT_FDCWD, path)) == false
        do throws(SystemCallError) {
            let creates = flags & SQLITE_OPEN_CREATE != 0 ? O_CREAT : 0
            let descriptor = try FileDescriptor(
                at: AT_FDCWD, path, flags: O_RDWR | creates, system: machine)
            let isLog = flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL) != 0
            let opened = SimulatedSQLiteFile(
                descriptor, machine: machine, path: path, flushesDirectory: isLog && isNew)
            file.withMemoryRebound(to: Handle.self, capacity: 1) { handle in
                handle.pointee.file = Unmanaged.passRetained(opened)
                handle.pointee.base.pMethods = self.methods
            }
            outFlags?.pointee = flags
            return SQLITE_OK
        } catch {
            return SQLITE_CANTOPEN
        }
    }

    private static func delete(_ path: String, synchronizes: Bool) -> Int32 {
        guard let machine = SimulatedMachine.machine(ofPath: path) else { return SQLITE_IOERR | (10 << 8) }
        do throws(SystemCallError) {
            try machine.unlink(at: AT_FDCWD, path)
            if synchronizes { try self.flushDirectory(of: path, machine) }
            return SQLITE_OK
        } catch {
            return error.code == ENOENT ? SQLITE_IOERR | (23 << 8) : SQLITE_IOERR | (10 << 8)  // DELETE_NOENT, DELETE
        }
    }

    static func flushDirectory(of path: String, _ machine: SimulatedMachine) throws(SystemCallError) {
        let parent = path.split(separator: "/").dropLast().joined(separator: "/")
        let directory = try FileDescriptor(at: AT_FDCWD, "/" + parent, flags: O_RDONLY | O_DIRECTORY, system: machine)
        try directory.synchronize()
    }

    // MARK: Methods of a file

    private static func file(_ file: UnsafeMutablePointer<sqlite3_file>?) -> SimulatedSQLiteFile? {
        file?.withMemoryRebound(to: Handle.self, capacity: 1) { $0.pointee.file?.takeUnretainedValue() }
    }

    /// Lives as long as the process, and is never changed.
    nonisolated(unsafe) private static let methods: UnsafePointer<sqlite3_io_methods> = {
        let methods = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
        methods.initialize(to: SimulatedSQLite.makeMethods())
        return UnsafePointer(methods)
    }()

    private static func makeMethods() -> sqlite3_io_methods {
        var methods = sqlite3_io_methods()
        methods.iVersion = 2
        methods.xClose = { file in
            file?.withMemoryRebound(to: Handle.self, capacity: 1) { handle in
                let opened = handle.pointee.file?.takeRetainedValue()
                handle.pointee.file = nil
                opened?.close()
            }
            return SQLITE_OK
        }
        methods.xRead = { file, buffer, count, offset in
            SimulatedSQLite.file(file)?.read(buffer, Int(count), offset) ?? SQLITE_IOERR
        }
        methods.xWrite = { file, bytes, count, offset in
            SimulatedSQLite.file(file)?.write(bytes, Int(count), offset) ?? SQLITE_IOERR
        }
        methods.xTruncate = { file, length in SimulatedSQLite.file(file)?.truncate(length) ?? SQLITE_IOERR }
        methods.xSync = { file, _ in SimulatedSQLite.file(file)?.synchronize() ?? SQLITE_IOERR }
        methods.xFileSize = { file, size in
            guard let length = SimulatedSQLite.file(file)?.size() else { return SQLITE_IOERR | (7 << 8) }  // FSTAT
            size?.pointee = length
            return SQLITE_OK
        }
        methods.xLock = { file, level in SimulatedSQLite.file(file)?.lock(level) ?? SQLITE_IOERR }
        methods.xUnlock = { file, level in SimulatedSQLite.file(file)?.unlock(level) ?? SQLITE_IOERR }
        methods.xCheckReservedLock = { file, result in
            result?.pointee = SimulatedSQLite.file(file)?.isReserved == true ? 1 : 0
            return SQLITE_OK
        }
        methods.xFileControl = { _, _, _ in SQLITE_NOTFOUND }
        methods.xSectorSize = { _ in 4_096 }
        methods.xDeviceCharacteristics = { _ in SQLITE_IOCAP_POWERSAFE_OVERWRITE }
        methods.xShmMap = { file, region, size, _, pointer in
            pointer?.pointee = SimulatedSQLite.file(file)?.region(Int(region), Int(size))
            return SQLITE_OK
        }
        methods.xShmLock = { file, offset, count, flags in
            SimulatedSQLite.file(file)?.lockIndex(Int(offset)..<Int(offset + count), flags) ?? SQLITE_IOERR
        }
        methods.xShmBarrier = { _ in atomicMemoryFence(ordering: .sequentiallyConsistent) }
        methods.xShmUnmap = { file, _ in
            SimulatedSQLite.file(file)?.unmap()
            return SQLITE_OK
        }
        return methods
    }
}

/// The locks of a machine's databases, and the indexes of their logs.
final class SimulatedSQLiteState: Sendable {
    /// Memory of an index, freed with the machine: no connection is left then.
    struct Region: @unchecked Sendable {
        let memory: UnsafeMutableRawPointer
    }

    struct Database {
        var shared: Set<ObjectIdentifier> = []
        var reserved: ObjectIdentifier?
        var exclusive: ObjectIdentifier?
        var regions: [Region] = []
        /// Who uses them; the last one takes them along.
        var users: Set<ObjectIdentifier> = []
        var indexShared: [Int: Set<ObjectIdentifier>] = [:]
        var indexExclusive: [Int: ObjectIdentifier] = [:]
    }

    let databases = Mutex<[String: Database]>([:])

    deinit {
        self.databases.withLock { databases in
            for region in databases.values.flatMap(\.regions) { region.memory.deallocate() }
        }
    }
}

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
