import CSQLite
import Glibc
import Synchronization

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

/// SQLite's calls on simulated machines: a `sqlite3_vfs` that does what SQLite's own for Unix does.
///
/// Writes and reads are repeated until they are whole, and after an interruption. The first flush of a new log flushes
/// its directory, too (`os_unix.c`, `UNIXFILE_DIRSYNC`). Locks and the log's index are kept in memory: all connections
/// are in this process, and a power cut takes both.
enum SimulatedSQLite {
    static let name = "cloakroom-simulation"

    /// A `sqlite3_file` and what belongs to it, which SQLite allocates.
    struct Handle {
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
}
